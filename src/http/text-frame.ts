// A text message as a frame of the WebSocket protocol, for what is sent to many sockets at once.

/** One whole message, unmasked as those to clients are (RFC 6455 §5.2). @param pieces of its UTF-8 */
export function textFrame(pieces: readonly Buffer[]): Buffer {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return Buffer.concat([headOf(length), ...pieces]);
}

function headOf(length: number): Buffer {
  // The last frame of its message, and the first; of text.
  const finalText = 0x81;
  if (length < 126) return Buffer.of(finalText, length);
  if (length < 0x10000) return Buffer.of(finalText, 126, length >> 8, length & 0xff);
  const head = Buffer.alloc(10);
  head.set([finalText, 127]);
  head.writeUIntBE(length, 4, 6);
  return head;
}
