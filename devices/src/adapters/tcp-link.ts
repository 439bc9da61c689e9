import { connect, type Socket } from 'node:net'
import { Fault, messageOf } from '@wattfleet/protocol'
import modbus from 'modbus-serial'
import { exceptionFault, stoppedFault } from '../core/faults.ts'
import type { LineRequest } from '../ports.ts'
import { type Link, nameOf } from './link.ts'

// the package is CommonJS: its default export carries the class under the name default as well
const ModbusRTU = modbus.default
type ModbusClient = InstanceType<typeof ModbusRTU>

/**
 * Connects to a Modbus TCP device. The link is dead after any fault but an exception: a reply that comes late finds no
 * socket, and cannot answer another request. The socket is made here and not by the library, because the library does not pass on
 * a reset while an answer is awaited, and has no time-out for connecting.
 */
export async function connectLink(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<Link> {
  const socket = await connected(host, port, timeoutMs, signal)
  const client = new ModbusRTU()
  // the library would throw an error event that nobody hears
  client.on('error', () => undefined)
  await client.linkTCP(socket, { port })
  return linkOver(socket, client, `${host}:${port}`)
}

export function connected(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const where = `${host}:${port}`
    if (signal.aborted) return reject(stoppedFault(where))
    const socket = connect({ host, port, noDelay: true })
    const finish = (fault: Fault | undefined) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      if (fault === undefined) return resolve(socket)
      socket.destroy()
      reject(fault)
    }
    const timer = setTimeout(
      () => finish(new Fault('timeout', `${where}: no connection within ${timeoutMs} ms`, { retryable: true })),
      timeoutMs,
    )
    const onAbort = () => finish(stoppedFault(where))
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('connect', () => finish(undefined))
    // stays for the socket's life: an error is followed by 'close', which is what a request listens for
    socket.on('error', (error) =>
      finish(new Fault('transport', `${where}: ${messageOf(error)}`, { retryable: true, cause: error })),
    )
  })
}

function linkOver(socket: Socket, client: ModbusClient, where: string): Link {
  /** The request under way, told when the connection goes, and when its time is over. */
  let lose: (() => void) | undefined
  let giveUp: (() => void) | undefined
  const watchdog = watch(() => giveUp?.())
  socket.once('close', () => {
    watchdog.stop()
    lose?.()
  })
  /** The answer, unless the time runs out or the connection goes first. */
  const request = (asked: LineRequest, timeoutMs: number) =>
    new Promise<readonly number[]>((resolve, reject) => {
      // the library answers again when a device does
      let isOver = false
      const end = (outcome: Fault | readonly number[]) => {
        if (isOver) return
        isOver = true
        lose = undefined
        giveUp = undefined
        if (!(outcome instanceof Fault)) return resolve(outcome)
        if (outcome.code !== 'device') socket.destroy()
        reject(outcome)
      }
      const fault = (code: 'timeout' | 'transport', why: string) =>
        end(new Fault(code, `${nameOf(asked, where)}: ${why}`, { retryable: true }))
      giveUp = () => fault('timeout', `no answer within ${timeoutMs} ms`)
      watchdog.begin(timeoutMs)
      lose = () => fault('transport', 'connection lost')
      if (socket.destroyed) return lose()
      ask(client, asked, (error, registers) => end(error ? faultOf(error, asked, where) : registers))
    })
  const isOpen = () => !socket.destroyed && socket.readyState === 'open'
  return {
    get alive() {
      return isOpen()
    },
    ready: isOpen,
    request,
    destroy: () => socket.destroy(),
  }
}

/** One timer that begins again with each request: making one and taking it back costs more than looking at it. */
function watch(bark: () => void) {
  let timer: NodeJS.Timeout | undefined
  let lengthMs = 0
  return {
    begin(timeoutMs: number) {
      if (timer !== undefined && timeoutMs === lengthMs) return timer.refresh()
      clearTimeout(timer)
      lengthMs = timeoutMs
      timer = setTimeout(bark, timeoutMs)
      // a line that is idle keeps no process
      timer.unref()
      return timer
    },
    stop: () => clearTimeout(timer),
  }
}

/** By the library's callbacks: its promises take as long again as the frame. */
function ask(
  client: ModbusClient,
  request: LineRequest,
  done: (error: Error | null, registers: readonly number[]) => void,
): void {
  const { unitId, at } = request
  if ('values' in request) {
    client.writeFC16(unitId, at, [...request.values], (error) => done(error, []))
    return
  }
  const read = request.kind === 'input' ? client.writeFC4 : client.writeFC3
  const { count } = request
  read.call(client, unitId, at, count, (error, answer) => {
    // the library answers without registers where the function of a frame is another's
    const isWhole = answer?.data?.length === count
    done(error ?? (isWhole ? null : new Error(`expected an answer with ${count} registers`)), answer?.data ?? [])
  })
}

function faultOf(error: Error, request: LineRequest, where: string): Fault {
  const code = (error as { modbusCode?: unknown }).modbusCode
  if (typeof code === 'number') return exceptionFault(code, nameOf(request, where))
  return new Fault('protocol', `${where}: ${messageOf(error)}`, { retryable: true, cause: error })
}
