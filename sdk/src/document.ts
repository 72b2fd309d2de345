// Operations as text, with the types of what they take and give.

/** The text of an operation. What `graphql-codegen` makes as a string carries its types in the same way. */
export type Document<Result, Variables> = string & {
  /** For types only: nothing is there. */
  readonly __apiType?: (variables: Variables) => Result;
};

export interface RequestOptions {
  /** Stops it: the call throws the signal's reason. Of a mutation that was sent it is not known then whether it was done. */
  readonly signal?: AbortSignal;
  /**
   * Whether it may be sent again where no answer came: it has to do the same, sent once or twice.
   * Default: of queries, and of the mutations that are methods and take a `clientId`.
   */
  readonly isRepeatable?: boolean;
}

/** Sends an operation, and gives its `data`. @throws ParleyError */
export type Run = <Result, Variables>(
  document: Document<Result, Variables>,
  variables: Variables,
  options?: RequestOptions,
) => Promise<Result>;
