import { aedes } from '../acceptance/engines/aedes.ts'
import { acceptance } from '../acceptance/suite.ts'

acceptance(aedes)
