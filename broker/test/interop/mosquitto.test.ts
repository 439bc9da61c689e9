import { mosquitto } from '../acceptance/engines/mosquitto.ts'
import { acceptance } from '../acceptance/suite.ts'

acceptance(mosquitto)
