import { presetPairs } from './community.ts'
import { signedInRow } from './extrinsics.ts'

/** A remark signed by the first account of the presets, not sent. */
export async function signedRemark(port: number, text: string): Promise<string> {
  const [alice] = await presetPairs()
  if (alice === undefined) throw new Error('the presets have no account')
  const [remark = ''] = await signedInRow(port, alice, (api) => [api.tx.system?.remark?.(text)])
  return remark
}
