// Query.viewer
import { builder } from "../builder.ts";
import { ViewerType } from "../types/Viewer.ts";

builder.queryField("viewer", (t) =>
  t.field({ type: ViewerType, description: "Who is signed in.", resolve: (_, __, { viewer }) => viewer }),
);
