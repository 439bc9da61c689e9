/** What a registry that takes no audit requests answers: not found, not allowed, not implemented. */
const NOT_SERVED = [404, 405, 501]

interface AuditAnswer {
  readonly metadata?: { readonly vulnerabilities?: Readonly<Record<string, number>> }
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string }>>
  readonly statusCode?: number
  readonly message?: string
}

/** What `npm audit --json` said: not well where there is a high or critical finding, or an answer that is none. */
export function judge(json: string): { readonly ok: boolean; readonly text: string } {
  let answer: AuditAnswer
  try {
    answer = JSON.parse(json) as AuditAnswer
  } catch {
    return { ok: false, text: `npm audit: expected JSON, got ${json.slice(0, 200)}` }
  }
  const counts = answer.metadata?.vulnerabilities
  if (counts !== undefined) {
    const bad = Object.entries(answer.vulnerabilities ?? {}).filter(([, { severity }]) => isBad(severity))
    const names = bad.map(([name, { severity }]) => `${name} (${severity})`).join(', ')
    const isWell = bad.length === 0 && !counts.high && !counts.critical
    return { ok: isWell, text: isWell ? 'npm audit: no high finding' : `npm audit: ${names || 'high findings'}` }
  }
  if (answer.statusCode !== undefined && NOT_SERVED.includes(answer.statusCode)) {
    return { ok: true, text: `npm audit: this registry answers no audit requests (${answer.statusCode}): not audited` }
  }
  return { ok: false, text: `npm audit: ${answer.message ?? json.slice(0, 200)}` }
}

function isBad(severity: string): boolean {
  return severity === 'high' || severity === 'critical'
}
