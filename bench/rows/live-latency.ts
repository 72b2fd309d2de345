import type { Effort } from "../bench.ts";
import type { Row } from "../measure.ts";
import type { Stage } from "../stage.ts";
export async function liveLatency(_stage: Stage, _effort: Effort): Promise<readonly Row[]> { return []; }
