// Notices at each connection that the database is another copy than before, and has the others told that we may have lost
// something. Nobody writes by that connection before.
import { join } from "node:path";
import type pg from "pg";
import { createDoubt } from "../federation/doubt.ts";
import type { Logger } from "../observe/logger.ts";
import type { PlatformName, Timestamp } from "../protocol/event.ts";
import { type CopyMarks, checkCopy, markOfFile } from "../store/database-copy.ts";
import { losses } from "../store/losses.ts";

export interface CopyWatch {
  /** To be run on each new connection. @throws StandbyError where the database only reads */
  check(client: pg.ClientBase): Promise<void>;
  /** From now on, and of what was noticed before: by it a platform is told. */
  tellBy(tell: Tell): void;
}

type Tell = (platform: PlatformName, inMs: number) => void;

const seen: Readonly<Record<keyof CopyMarks, string>> = {
  database: "it is another database",
  table: "its tables were made anew",
  system: "it is in another PostgreSQL",
  timeline: "a replica or a backup was promoted",
  folder: "its folder is another one",
};

export interface WatchOptions {
  readonly platform: PlatformName;
  /** Where the database is one of our own: its data folder. */
  readonly folder: string | null;
  readonly log: Logger;
  now(): Timestamp;
}

export async function watchCopy({ platform, folder, log, now }: WatchOptions): Promise<CopyWatch> {
  // Made with the cluster, and never written to again.
  const mark = folder === null ? null : await markOfFile(join(folder, "postgres", "cluster", "PG_VERSION"));
  let tell: Tell | null = null;
  let untold: Parameters<Tell>[] = [];
  const onToTell: Tell = (...what) => (tell ? tell(...what) : void untold.push(what));
  return {
    check: (client) =>
      checkCopy(client, mark, async (differing) => {
        await createDoubt({ peers: losses(client, platform), now, onToTell }).restored();
        log.warn(
          { differing },
          `the database is another copy than before: ${differing.map((name) => seen[name]).join(", ")}. ` +
            "It may be an older one: other platforms are asked for what they have before anything is sequenced with them",
        );
      }),
    tellBy: (by) => {
      tell = by;
      for (const what of untold) by(...what);
      untold = [];
    },
  };
}
