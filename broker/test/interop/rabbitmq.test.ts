import { rabbitmq } from '../acceptance/engines/rabbitmq.ts'
import { acceptance } from '../acceptance/suite.ts'

acceptance(rabbitmq)
