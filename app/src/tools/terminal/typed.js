// What was typed and may not have arrived. Each byte has a place, counted from the first one this screen typed; it is
// kept until the server says that it has it. So a cut connection neither loses nor doubles a key.

/** The largest message that is sent, bytes. */
const PIECE = 32 * 1024;
/** Bytes kept, at most; what is pasted beyond that is refused, while a key always counts. */
const KEPT_MOST = 1024 * 1024;
const KEY_MOST = 16;
/** In front of the bytes of a message: the place of the first. */
const PLACE = 8;

export class Typed {
  /** Names what types, so that the server knows it again. Browsers offer `randomUUID` only over https. */
  hand = crypto.getRandomValues(new BigUint64Array(1))[0].toString();
  end = 0; // the place of the next byte
  kept = []; // messages and where they end, oldest first
  bytes = 0;

  /** Keeps more; returns the messages to send, or nothing when there is no room. */
  add(bytes) {
    if (bytes.length > KEY_MOST && this.bytes + bytes.length > KEPT_MOST) return undefined;
    const messages = [];
    for (let from = 0; from < bytes.length; from += PIECE) {
      const piece = bytes.subarray(from, from + PIECE);
      const message = new Uint8Array(PLACE + piece.length);
      new DataView(message.buffer).setBigUint64(0, BigInt(this.end));
      message.set(piece, PLACE);
      this.end += piece.length;
      this.bytes += piece.length;
      this.kept.push({ message, end: this.end });
      messages.push(message);
    }
    return messages;
  }

  /** The server has everything before this place. */
  taken(place) {
    while (this.kept.length && this.kept[0].end <= place) this.bytes -= this.kept.shift().message.length - PLACE;
  }

  /** What the server may not have. Of a message that it has in part it takes the rest. */
  messages() {
    return this.kept.map(({ message }) => message);
  }
}
