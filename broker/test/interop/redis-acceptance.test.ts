import { redis } from '../acceptance/engines/redis.ts'
import { acceptance } from '../acceptance/suite.ts'

acceptance(redis)
