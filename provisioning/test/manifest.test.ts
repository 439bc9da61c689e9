import { Fault } from '@wattfleet/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { manifestOf as read } from '../src/adapters/manifest-file.ts'
import { DEVICE_ADDRESS_FORM } from '../src/core/device-address.ts'
import { type Existing, planImport } from '../src/core/manifest.ts'
import { manifestOf } from './fixtures/office.ts'

const MEMBER = '5a'.repeat(32)
const CLAIM = 'c1'.repeat(32)
const EXISTING: Existing = { sites: [], community: 7, holderOf: () => undefined, cameTo: () => undefined }
const REQUIRED = 'serial,household,member,zone,capImportWh,capExportWh'

/** What becomes of a manifest's bytes: its rows, or `<line>: <reason>` each. */
function outcomeOf(bytes: Buffer | string, name = 'm.csv', existing = EXISTING) {
  try {
    const plan = planImport(read(Buffer.from(bytes), name), existing)
    return plan.ok ? plan.fresh : plan.errors.map(({ line, reason }) => `${line}: ${reason}`)
  } catch (error) {
    if (error instanceof Fault && error.code === 'config') {
      return error.message.split('\n').map((line) => line.replace(/^[^:]*:/, ''))
    }
    throw error
  }
}
const csv = (header: string, ...rows: string[]) => outcomeOf([header, ...rows].join('\n'))
const row = (more = '') => `pi-1,House,${MEMBER},1,3000,2500${more}`

describe('columns', () => {
  it('that may be left out are left out', () => {
    expect(csv(REQUIRED, row())).toMatchObject([{ serial: 'pi-1', site: undefined, meter: undefined, line: 2 }])
  })

  it('of devices, community and claim are read, and area is another word for zone', () => {
    const header = `${REQUIRED.replace('zone', 'area')},community,meter,inverter,claim`
    expect(csv(header, row(`,7,eastron-sdm630,sunspec,${CLAIM.toUpperCase()}`))).toMatchObject([
      { zone: 1, meter: 'eastron-sdm630', inverter: 'sunspec', claim: CLAIM },
    ])
    expect(csv(header, row(',,,,'))).toMatchObject([{ meter: undefined, inverter: undefined, claim: undefined }])
  })

  it('say where the devices are, in CSV as in YAML', () => {
    const header = `${REQUIRED},meter,meterAddress,meterUnit,inverter,inverterAddress,inverterUnit`
    const devices = {
      ...{ meter: 'abb-b23', meterAddress: '/dev/ttyUSB0:9600:E1', meterUnit: 3 },
      ...{ inverter: 'sunspec', inverterAddress: '192.168.1.21', inverterUnit: undefined },
    }
    expect(csv(header, row(',abb-b23,/dev/ttyUSB0:9600:E1,3,sunspec,192.168.1.21,'))).toMatchObject([devices])
    const yaml = [
      ...['- serial: pi-1', '  household: House', `  member: ${MEMBER}`, '  zone: 1', '  capImportWh: 3000'],
      ...['  capExportWh: 2500', '  meter: abb-b23', '  meterAddress: /dev/ttyUSB0:9600:E1', '  meterUnit: 3'],
      ...['  inverter: sunspec', '  inverterAddress: 192.168.1.21', ''],
    ].join('\n')
    expect(outcomeOf(yaml, 'm.yaml')).toMatchObject([devices])
  })

  it.each<[string, string]>([
    ['Serial', 'serial'],
    ['seriel', 'serial'],
    ['house hold', 'household'],
    ['cap_import_wh', 'capImportWh'],
    ['cap Export Wh', 'capExportWh'],
    ['metre', 'meter'],
    ['Area', 'area'],
    ['clame', 'claim'],
    ['meter address', 'meterAddress'],
    ['inverterunit', 'inverterUnit'],
  ])('%s: did you mean %s?', (typed, meant) => {
    expect(csv(`${REQUIRED},${typed}`, row(','))).toEqual([
      `1: column ${JSON.stringify(typed)} is unknown: did you mean ${meant}?`,
    ])
  })

  it('that are wrong hide no bad row, and a bad row hides no repeat', () => {
    const header = `${REQUIRED.replace('household', 'houshold')},colour`
    const errors = csv(header, row(',red'), row(',red').replace('5a5a', '5a'), `pi-2,,${MEMBER},1,3000,x,red`)
    expect(errors).toEqual([
      '1: column "houshold" is unknown: did you mean household?',
      '1: column "colour" is unknown',
      expect.stringMatching(/^3: member: expected 64 hex digits/),
      '3: serial pi-1 is in line 2 already',
      '3: household "House" is in line 2 already',
      '4: household: expected 1 to 100 characters',
      '4: capExportWh: expected a whole number from 0 to 4294967295, got "x"',
    ])
    expect(csv(REQUIRED.replace(',zone', ''), `pi-1,House,${MEMBER},0,2500`)).toEqual([
      '1: column zone is missing',
      '2: capImportWh: expected a whole number from 1 to 4294967295, got "0"',
    ])
  })

  it.each<[string, string[]]>([
    [`${REQUIRED},constructor`, ['1: column "constructor" is unknown']],
    [`${REQUIRED},colour`, ['1: column "colour" is unknown']],
    [`${REQUIRED},area`, ['1: column zone is given twice']],
    [`${REQUIRED},meter,meter`, ['1: column meter is given twice']],
    [REQUIRED.replaceAll(',', ';'), ['1: columns are separated by semicolons: save the list with commas']],
    [REQUIRED.replaceAll(',', '\t'), ['1: columns are separated by tabs: save the list with commas']],
  ])('%s is refused', (header, errors) => {
    expect(csv(header)).toEqual(errors)
  })
})

describe('a bad row', () => {
  const UNIT = 'expected a whole number from 1 to 247'
  const ALONE = (device: string) => `expected ${device}, its model, beside it`
  const FULL = `${REQUIRED},site,community,meter,inverter,claim`
  it.each<[string, string, string[]]>([
    [
      'another community',
      row(',,8,,,'),
      ['2: community: expected 7, which this utility\'s service enrols into, got "8"'],
    ],
    [
      'no model',
      row(',,,SDM 630,=x,'),
      [
        '2: meter: no meter has the model "SDM 630": wattfleet-devices models lists them',
        '2: inverter: no inverter has the model "=x": wattfleet-devices models lists them',
      ],
    ],
    ['a claim that is none, which is not shown', row(',,,,,c1c1c1'), ['2: claim: expected 64 hex digits']],
    [
      'a serial that a spreadsheet shortened',
      row(',,,,,').replace('pi-1', '1.23E+15'),
      [
        '2: serial: expected up to 64 letters, digits and . _ : -, got "1.23E+15": a spreadsheet took it for a number and shortened it',
      ],
    ],
    [
      'a formula behind a blank',
      row(',,,,,').replace('House', ' =cmd|calc'),
      ['2: household: " =cmd|calc" is a formula to a spreadsheet'],
    ],
    [
      'an invisible character',
      row(',,,,,').replace('House', 'Ho\u200buse'),
      ['2: household: expected no invisible characters, got "Ho\u200buse"'],
    ],
  ])('with %s', (_, text, errors) => {
    expect(csv(FULL, text)).toEqual(errors)
  })

  it.each<[string, string[]]>([
    [
      'abb-b23,192.168.1,0,,,',
      [`meterAddress: ${DEVICE_ADDRESS_FORM}, got "192.168.1"`, `meterUnit: ${UNIT}, got "0"`],
    ],
    [
      ',192.168.1.20:502,,,,7',
      [`meterAddress: ${ALONE('meter')}, got "192.168.1.20:502"`, `inverterUnit: ${ALONE('inverter')}, got "7"`],
    ],
    ['eastron-sdm631,,,,,', ['meter: no meter has the model "eastron-sdm631": did you mean eastron-sdm630?']],
    [
      'sml,10.0.0.3:502,,,,',
      ['meterAddress: expected the serial line on which sml is heard, such as /dev/ttyUSB0, got "10.0.0.3:502"'],
    ],
    [',COM3,300,,,', [`meterAddress: ${ALONE('meter')}, got "COM3"`, `meterUnit: ${ALONE('meter')}, got "300"`]],
    [
      ',,,sunspec,=1+1,248',
      [`inverterAddress: ${DEVICE_ADDRESS_FORM}, got "=1+1"`, `inverterUnit: ${UNIT}, got "248"`],
    ],
  ])('with devices %s', (text, reasons) => {
    const header = `${REQUIRED},meter,meterAddress,meterUnit,inverter,inverterAddress,inverterUnit`
    expect(csv(header, row(`,${text}`))).toEqual(reasons.map((reason) => `2: ${reason}`))
  })

  it('is named by the line at which it begins', () => {
    expect(csv(REQUIRED, '', `a,"two\nlines",${MEMBER},1,2,3`, `b,b,zz,1,2,3`, `"c\r\n",c,${MEMBER},1,2,x`)).toEqual([
      '3: household: expected no invisible characters, got "two\\nlines"',
      '5: member: expected 64 hex digits, got "zz"',
      '6: capExportWh: expected a whole number from 0 to 4294967295, got "x"',
    ])
    expect(csv(REQUIRED, row(), `b,"open,${MEMBER},1,2,3`, 'more')).toEqual(['3: a quote is opened and not closed'])
  })

  it('gives a claim that another has, in the list or in the store', () => {
    const header = `${REQUIRED},claim`
    const other = row(`,${CLAIM}`).replace('pi-1', 'pi-2').replace('House', 'Home')
    expect(csv(header, row(`,${CLAIM}`), other)).toEqual(['3: this claim is in line 2 already'])
    const existing = { ...EXISTING, holderOf: (claim: string) => (claim === CLAIM ? 'pi-9' : undefined) }
    expect(outcomeOf(`${header}\n${row(`,${CLAIM}`)}`, 'm.csv', existing)).toEqual([
      '2: claim: is that of the gateway pi-9 already',
    ])
  })
})

describe('a row that is there with other figures', () => {
  const site = {
    ...{ site: '01'.repeat(16), serial: 'pi-1', household: 'House', member: MEMBER, zone: 1 },
    ...{ capImportWh: 3000, capExportWh: 2500, meter: 'abb-b23', meterAddress: '10.0.0.3:502' },
  }
  it.each([
    [',abb-b23,10.0.0.4', /meterAddress was 10\.0\.0\.3:502: .*a tag and a roll-out of another configuration$/],
    [',abb-b23,10.0.0.3:502', /^$/],
  ])('%s', (devices, why) => {
    const text = `${REQUIRED},meter,meterAddress\n${row(devices)}`
    expect(outcomeOf(text, 'm.csv', { ...EXISTING, sites: [site] }).join()).toMatch(why)
  })
})

describe('encodings', () => {
  const text = `${REQUIRED}\n${row().replace('House', 'Mühle')}\n`
  it.each<[string, Buffer, string]>([
    ['UTF-16 little-endian', Buffer.from(`\ufeff${text}`, 'utf16le'), '1: begins with the byte-order mark of UTF-16'],
    [
      'UTF-16 big-endian',
      Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
      '1: begins with the byte-order mark of UTF-16',
    ],
    ['UTF-16 without a mark', Buffer.from(text, 'utf16le'), '1: holds a zero byte, as UTF-16 does'],
    ['Latin-1', Buffer.from(text, 'latin1'), '2: is not UTF-8'],
    [
      'two lists joined',
      Buffer.from(`\ufeff${text}\ufeff${text}`),
      '3: a byte-order mark inside the list: were two lists joined?',
    ],
  ])('%s is refused with its line', (_, bytes, error) => {
    expect(outcomeOf(bytes)).toEqual([expect.stringContaining(error)])
  })

  it('UTF-8 is read, with its mark or without', () => {
    for (const mark of ['', '\ufeff']) {
      for (const name of ['m.csv', 'm.yaml']) {
        const one = name === 'm.csv' ? text : yaml([{ household: 'Mühle' }])
        expect(outcomeOf(mark + one, name)).toMatchObject([{ household: 'Mühle' }])
      }
    }
  })
})

function yaml(gateways: readonly Record<string, string>[]): string {
  const whole = { serial: 'pi-1', household: 'House', member: MEMBER, zone: '1', capImportWh: '3000', capExportWh: '0' }
  return gateways
    .map((one) => {
      const lines = Object.entries({ ...whole, ...one }).map(([key, value]) => `${key}: ${value}`)
      return `- ${lines.join('\n  ')}\n`
    })
    .join('')
}

describe('a YAML list', () => {
  it('is the same as a CSV one', () => {
    const plain = outcomeOf(yaml([{ meter: 'sunspec' }, { serial: 'pi-2', household: '"Home: two"' }]), 'm.yml')
    expect(plain).toMatchObject([
      { serial: 'pi-1', meter: 'sunspec', inverter: undefined, line: 1 },
      { serial: 'pi-2', household: 'Home: two', meter: undefined, line: 8 },
    ])
    const indented = yaml([{}]).replaceAll(/^/gm, '  ')
    expect(outcomeOf(`gateways:\n${indented}`, 'm.yaml')).toMatchObject([{ serial: 'pi-1', line: 2 }])
  })

  it('calls the zone by either of its names, each gateway by its own', () => {
    const rows = yaml([{}, { serial: 'b', household: 'b' }, { serial: 'c', household: 'c' }])
    const at = rows.lastIndexOf('zone: 1')
    const text = `${rows.slice(0, at)}area: 3${rows.slice(at + 'zone: 1'.length)}`
    expect(outcomeOf(text, 'm.yaml')).toMatchObject([{ zone: 1 }, { zone: 1 }, { zone: 3 }])
  })

  it('keeps a serial of digits as it is written', () => {
    const serials = ['0012', '1e5', '0x1F', '12345678901234567890']
    const rows = serials.map((serial, n) => ({ serial, household: `h${n}` }))
    expect(outcomeOf(yaml(rows), 'm.yaml')).toMatchObject(serials.map((serial) => ({ serial })))
  })

  it.each<[string, string, string[]]>([
    ['nothing', '', ['1: expected a list of gateways']],
    ['only the word', 'gateways:\n', ['1: expected a list of gateways']],
    ['an empty list', 'gateways: []\n', ['1: expected a list of gateways']],
    ['a text', 'gateways', ['1: expected a list of gateways']],
    ['a row that is none', `${yaml([{}])}- pi-2\n`, ['7: expected a gateway with its fields']],
    [
      'a wrong name',
      yaml([{}, { serial: 'b', household: 'b', metre: 'abb-b23' }]),
      ['13: field "metre" is unknown: did you mean meter?'],
    ],
    ['a field twice', `${yaml([{}])}  serial: pi-2\n`, ['7: Map keys must be unique']],
    ['a list in a field', yaml([{ meter: '[a, b]' }]), ['7: expected a name and a text or a number']],
    ['an alias', `${yaml([{}]).replace('- ', '- &a\n  ')}- *a\n`, ['8: expected a gateway with its fields']],
    ['a field by both its names', yaml([{ area: '2' }]), ['7: field zone is given twice']],
    [
      'a member that looks like a shortened number',
      yaml([{ member: '1e5' }]),
      ['1: member: expected 64 hex digits, got "1e5"'],
    ],
    ['a field that is missing', yaml([{}]).replace(/ {2}zone.*\n/, ''), ['1: field zone is missing']],
    [
      'several mistakes, all of them',
      `${yaml([{ zone: 'x' }, { serial: 'b', household: '[b]' }, { household: 'c', colour: 'red' }])}- d\n`,
      [
        '1: zone: expected a whole number from 0 to 4294967295, got "x"',
        '8: expected a name and a text or a number',
        '13: serial pi-1 is in line 1 already',
        '19: field "colour" is unknown',
        '20: expected a gateway with its fields',
      ],
    ],
    ['what is no YAML', 'a: "b', ['1: Missing closing "quote']],
    ['a bad value', yaml([{ zone: 'x' }]), ['1: zone: expected a whole number from 0 to 4294967295, got "x"']],
  ])('with %s is refused by its line', (_, text, errors) => {
    expect(outcomeOf(text, 'm.yaml')).toEqual(errors)
  })
})

describe('a damaged manifest', () => {
  const REAL = {
    'm.csv': `\ufeff${manifestOf(4)}\r\npi-9,"Mill, upper ""x""",,${MEMBER},1,1,1\r\n`,
    'm.yaml': `# fleet\ngateways:\n${yaml([{}, { serial: '"pi-2"', household: 'Mühle', meter: 'sunspec', claim: CLAIM }]).replaceAll(/^/gm, '  ')}`,
  }
  const change = fc.record({
    at: fc.nat(2_000),
    cut: fc.nat(8),
    put: fc.oneof(
      fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom(...',;"\n\r\t:-&*!%@`{}[]|>?#\0', '\ufeff', '<<: *a', '- &a\n', '? ', '---\n', '__proto__')
        .map((text) => Buffer.from(text)),
    ),
  })

  it.each(Object.entries(REAL))('is read or refused, whatever its bytes: %s', (name, text) => {
    let read = 0
    let refused = 0
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
        let bytes = Buffer.from(text)
        for (const { at, cut, put } of changes) {
          const from = at % (bytes.length + 1)
          bytes = Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + cut)])
        }
        const outcome = outcomeOf(bytes, name) // throws whatever is no Fault `config`
        const isRefused = typeof outcome[0] === 'string'
        if (isRefused) refused++
        else read++
        if (isRefused) for (const error of outcome) expect(error).toMatch(/^\d+: ./)
      }),
      { numRuns: 1_500 },
    )
    expect(Math.min(read, refused)).toBeGreaterThan(20)
  })
})
