export const UNKNOWN: string
export function formatEnergy(energyWh: number | null): string
export function formatPower(powerW: number | null): string
export function formatRate(rateMicro: number | null, currency: string): string
export function formatMoney(nano: string, currency: string, places?: number): string
export function formatMoneyExactly(nano: string, currency: string): string
export function formatTime(unixS: number): string
export function formatClock(unixS: number): string
export function formatDate(unixS: number): string
export function formatSlot(startsAt: number, endsAt: number | null): string
export function formatAge(seconds: number): string
export function shortId(hex: string): string
export function counted(count: number, one: string, many: string): string
