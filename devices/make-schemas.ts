/* Writes schema/*.json from the schemas in src/models, for editors: node make-schemas.ts */
import { writeFileSync } from 'node:fs'
import { JSON_SCHEMAS, schemaText } from './src/models/json-schema.ts'

for (const [name, schema] of Object.entries(JSON_SCHEMAS)) {
  writeFileSync(new URL(`schema/${name}`, import.meta.url), schemaText(schema))
}
