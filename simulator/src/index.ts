export { type HouseConfig, type SimulatorConfig, type SimulatorConfigInput, simulatorConfig } from './config.ts'
export type { Log } from './houses.ts'
export { DEVICE_UNIT_ID, type ServedHouse, type Simulator, startSimulator } from './simulator.ts'
export { sixHouses } from './six-houses.ts'
