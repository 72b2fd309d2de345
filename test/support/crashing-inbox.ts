// A process of its own: a listener for mails, killed at the point that its first argument names, the first time that it
// gets there. Its second is the folder of the blobs; it prints its port.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { diskBlobStore } from "../../src/files/blob-store.ts";
import { listenForMail } from "../../src/mail/in/listen-for-mail.ts";
import { createStoreInbound } from "../../src/mail/in/store-inbound.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { openDatabase } from "../../src/store/database.ts";
import type { InboxCrashPoint } from "./inbox-crash-points.ts";
import { dieAt } from "./watching.ts";

const [, , point, folder = ""] = process.argv;

const at: (point: InboxCrashPoint) => void = dieAt;

const { pool } = await openDatabase({ url: process.env["DATABASE_URL"] ?? "", poolSize: 2, log: silentLogger });
const disk = diskBlobStore(folder);
const store = createStoreInbound({
  pool,
  blobs: {
    ...disk,
    put: async (name, bytes) => {
      at("before the bytes are written");
      if (point === "while the bytes are written") {
        // As the disk leaves it: `put` cannot be stopped in its middle from here.
        await disk.put("inbound/first", bytes);
        await disk.delete("inbound/first");
        await writeFile(join(folder, `${name}.0.part`), bytes.subarray(0, 10));
      }
      at("while the bytes are written");
      await disk.put(name, bytes);
      at("before the row is written");
    },
  },
});
const { port } = await listenForMail({
  host: "127.0.0.1",
  port: 0,
  name: "a.example",
  takesMailFor: async () => "taken",
  store: async (incoming) => {
    const stored = await store(incoming);
    at("before the answer");
    return stored;
  },
  log: silentLogger,
});
process.stdout.write(`${port}\n`);
