/** Four ASCII bytes that say which message follows and in which version of its layout. */
export type Tag = 'wfo1' | 'wfc1' | 'wfe1'

export function tagBytes(tag: Tag): Uint8Array {
  return Uint8Array.from(Buffer.from(tag, 'ascii'))
}

/** The tag that a message starts with, if it is one of the known ones. */
export function tagOf(bytes: Uint8Array): Tag | undefined {
  const text = Buffer.from(bytes.subarray(0, 4)).toString('latin1')
  return text === 'wfo1' || text === 'wfc1' || text === 'wfe1' ? text : undefined
}
