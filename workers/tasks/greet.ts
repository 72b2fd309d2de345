// Task greet: says to every platform that shares a conversation that this one is there. Once an API listens, and every day.
import { z } from "zod";
import type { Federation } from "../../src/federation/federation.ts";
import { defineTask } from "../task.ts";

export function greetTask({ greet }: Pick<Federation, "greet">) {
  return defineTask("greet", z.unknown(), () => greet());
}
