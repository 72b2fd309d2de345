import { memoryDiscoveryStore } from "../support/memory-discovery-store.ts";
import { describeDiscoveryStore } from "./discovery-contract.ts";

describeDiscoveryStore("the store of discoveries in memory", (run) => run(memoryDiscoveryStore()));
