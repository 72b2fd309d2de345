// What a stream has given already: the platform repeats a little when a stream resumes.

/**
 * A resume repeats, and gives, so many events at most: where there are more, the platform says that there is a gap. So the
 * conversations of the latest so many events are all that has to be remembered.
 */
const conversationsMax = 10_000;

/** Whether an event is new; then it is remembered. Within a conversation events come in order, so its highest `seq` is enough. */
export function rememberSeen(max: number = conversationsMax): (conversation: string, seq: number) => boolean {
  const highest = new Map<string, number>();
  return (conversation, seq) => {
    if (seq <= (highest.get(conversation) ?? 0)) return false;
    // Anew, so that the map's first is the one that was quiet for longest.
    highest.delete(conversation);
    highest.set(conversation, seq);
    const [quietest] = highest.size > max ? highest.keys() : [];
    if (quietest !== undefined) highest.delete(quietest);
    return true;
  };
}
