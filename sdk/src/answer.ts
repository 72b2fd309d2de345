// Reading what is answered over HTTP: data, or what to throw.
import { type AnswerError, errorOf, ParleyError } from "./parley-error.ts";

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly AnswerError[];
}

/** The `data` of an answer in JSON. @throws ParleyError what it says instead */
export async function dataOf(response: Response): Promise<unknown> {
  const text = await response.text();
  const answer = parsed(text);
  if (answer === null) throw badAnswer(response, `answered ${response.status}, and not in GraphQL.`);
  return dataIn(answer, () => badAnswer(response, "answered without data."));
}

/** The `data` of an answer that came as text in a stream. @throws ParleyError */
export function dataOfText(text: string): unknown {
  const fault = () => new ParleyError("BAD_ANSWER", "What came in the stream is not GraphQL.");
  const answer = parsed(text);
  if (answer === null) throw fault();
  return dataIn(answer, fault);
}

function dataIn({ data, errors }: Answer, fault: () => ParleyError): unknown {
  // Data beside errors is a part of what was asked for: whoever shows it as the whole misleads.
  if (errors !== undefined) throw errorOf(errors);
  if (data == null) throw fault();
  return data;
}

function parsed(text: string): Answer | null {
  try {
    const answer: unknown = JSON.parse(text);
    return isAnswer(answer) ? answer : null;
  } catch {
    return null;
  }
}

/** What `data` holds is for the platform's validation, and the generated types: here only that it is an answer at all. */
function isAnswer(answer: unknown): answer is Answer {
  if (typeof answer !== "object" || answer === null) return false;
  return "errors" in answer ? Array.isArray(answer.errors) && answer.errors.length > 0 : "data" in answer;
}

/** Proxies say so when the platform is away, overloaded or slow. */
const passingStatuses: readonly number[] = [408, 425, 429, 500, 502, 503, 504];

function badAnswer({ url, status, headers }: Response, what: string): ParleyError {
  // RFC 9110 §10.2.3 knows a date too; those who ask to wait for a moment say seconds.
  const seconds = /^\d{1,5}$/.exec(headers.get("retry-after") ?? "")?.[0];
  return new ParleyError("BAD_ANSWER", `${url} ${what}`, {
    isRetryable: passingStatuses.includes(status),
    retryAfterMs: seconds === undefined ? null : Number(seconds) * 1_000,
  });
}
