import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from '../../../../test-support/ports.ts'
import type { Engine } from '../engine.ts'
import { generate } from '../generate.ts'
import { handOver, listening, runCommand, type Started, startProcess } from '../process.ts'

/** The scripts themselves: Debian's wrappers in /usr/sbin change to the system's own user and folders. */
const BIN = '/usr/lib/rabbitmq/bin'

/** A node of its own with a port mapper of its own, everything on loopback and in the place's folder. */
export const rabbitmq: Engine = {
  name: 'rabbitmq',
  missing: () => (existsSync(`${BIN}/rabbitmq-server`) ? undefined : 'RabbitMQ 3.10: apt-get install rabbitmq-server'),
  async start(place) {
    generate('rabbitmq', place)
    const home = join(place.folder, 'data')
    mkdirSync(home, { recursive: true })
    writeFileSync(join(home, '.erlang.cookie'), 'wattfleet', { mode: 0o400 })
    const [mapperPort = 0, distributionPort = 0] = await freePorts(2)
    const env = environment(place.folder, home, mapperPort, distributionPort)
    handOver(place.folder)
    const mapper = startProcess('epmd', ['-port', `${mapperPort}`, '-address', '127.0.0.1'], home, env)
    let process: Started
    const start = async () => {
      handOver(place.folder)
      process = startProcess(`${BIN}/rabbitmq-server`, [], home, env)
      await listening(place.port, process, 100_000)
      await runCommand(`${BIN}/rabbitmqctl`, ['await_startup', '--timeout', '60'], home, env)
    }
    await start()
    const end = (signal: NodeJS.Signals) => process.end(signal)
    return {
      start,
      stop: () => end('SIGTERM'),
      kill: () => end('SIGKILL'),
      async revoke({ name }) {
        // out of what is imported at the next start, and out at once: that ends its connection too
        appendFileSync(place.shutOutPath, `${name}\n`)
        generate('rabbitmq', place)
        handOver(place.folder)
        await runCommand(`${BIN}/rabbitmqctl`, ['delete_user', name], home, env)
      },
      async close() {
        await end('SIGKILL')
        await mapper.end('SIGKILL')
      },
    }
  },
}

function environment(folder: string, home: string, mapperPort: number, distributionPort: number) {
  return {
    HOME: home,
    ERL_EPMD_PORT: `${mapperPort}`,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: 'wattfleet@localhost',
    RABBITMQ_DIST_PORT: `${distributionPort}`,
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(home, 'mnesia'),
    RABBITMQ_LOG_BASE: join(home, 'log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_PID_FILE: join(home, 'pid'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(home, 'config'),
    RABBITMQ_SCHEMA_DIR: join(home, 'schema'),
    RABBITMQ_CONF_ENV_FILE: join(home, 'none'),
    RABBITMQ_FEATURE_FLAGS_FILE: join(home, 'feature_flags'),
  }
}
