import {
  counted,
  formatEnergy,
  formatMoney,
  formatMoneyExactly,
  formatPower,
  formatRate,
  formatSlot,
  formatTime,
  shortId,
  UNKNOWN,
} from './format.js'

/** From a snapshot of the street to elements. Text is set as text, never as markup. */

export function totalsList({ totals, currency }) {
  const wh = (energyWh) => `${energyWh} Wh`
  const exactly = (nano) => formatMoneyExactly(nano, currency)
  return [
    balanced(
      'Energy bought = sold',
      totals.energyBoughtWh,
      totals.energySoldWh,
      formatEnergy,
      wh,
      'nothing settled yet',
    ),
    balanced(
      'Money in = money out',
      totals.moneyInNano,
      totals.moneyOutNano,
      (nano) => formatMoney(nano, currency, 4),
      exactly,
      'nothing settled yet',
    ),
    balanced(
      'Money held = money issued',
      totals.heldNano,
      totals.issuedNano,
      (nano) => formatMoney(nano, currency),
      exactly,
      'nothing issued yet',
    ),
    card(
      'Trades settled',
      `${totals.settled} of ${totals.trades}`,
      text('span', `${counted(totals.orders, 'order', 'orders')}, ${totals.refused} refused`, 'aside'),
    ),
  ]
}

/** Two sums that must be equal, compared on the exact figures and not on what is shown of them. */
function balanced(term, one, other, format, exactly, whenNothing) {
  const equal = one === other
  const shown = `${format(one)} ${equal ? '=' : '≠'} ${format(other)}`
  if (equal && Number(one) === 0) return card(term, shown, text('span', whenNothing, 'aside'))
  if (equal) return card(term, shown, text('span', `✓ equal, exactly ${exactly(one)}`, 'aside'))
  return card(term, shown, text('span', `✗ differ: ${exactly(one)} and ${exactly(other)}`, 'differs'))
}

const HOUSE_COLUMNS = ['House', 'Power now', 'Surplus', 'Open orders', 'Last trade', 'Balance']

export function housesTable({ houses, houseCount, currency }) {
  if (houses.length === 0) return text('p', 'No house is enrolled yet.', 'empty')
  const most = Math.max(1, ...houses.map((house) => house.surplusW ?? 0))
  const rows = houses.map((house) => [
    nameCell(house),
    powerCell(house),
    surplusCell(house, most),
    openOrdersCell(house),
    lastTradeCell(house.lastTrade, currency),
    cell(
      formatMoney(BigInt(house.freeNano) + BigInt(house.lockedNano), currency),
      `${formatMoney(house.lockedNano, currency)} of it locked`,
      'figure',
    ),
  ])
  const shown = table('houses-title', HOUSE_COLUMNS, rows, ['Surplus', 'Balance'])
  if (houseCount <= houses.length) return shown
  const both = document.createElement('div')
  both.append(shown, text('p', `${houseCount - houses.length} more houses are not shown.`, 'aside'))
  return both
}

const MARKET_COLUMNS = ['Slot', 'State', 'Open bids', 'Open offers', 'Best bid', 'Best offer', 'Trades']
const PHASES = {
  upcoming: 'not open yet',
  open: 'open',
  matching: 'matching',
  closed: 'closed',
  delivery: 'being delivered',
  settling: 'being settled',
  executed: 'settled',
}

export function marketsTable({ markets, currency }) {
  if (markets.length === 0) return text('p', 'No order has entered a market of this slot or the next.', 'empty')
  const rows = markets.map((market) => [
    head(formatSlot(market.slotStart, market.slotEnd), market.kind === 'post' ? 'after delivery' : undefined),
    cell(PHASES[market.phase] ?? 'unknown'),
    amountCell(market.openBids, market.bids),
    amountCell(market.openOffers, market.offers),
    cell(formatRate(market.bestBidMicro, currency), undefined, 'figure'),
    cell(formatRate(market.bestOfferMicro, currency), undefined, 'figure'),
    amountCell(market.trades),
  ])
  return table('markets-title', MARKET_COLUMNS, rows, MARKET_COLUMNS.slice(2))
}

const SETTLEMENT_COLUMNS = ['Slot', 'House', 'Sold', 'Bought', 'Deviation', 'Paid', 'Received']

export function settlementsTable({ settlements, currency }) {
  if (settlements.length === 0) return text('p', 'Nothing has been settled yet.', 'empty')
  const rows = settlements.map((settlement) => [
    head(formatTime(settlement.slotStart)),
    nameCell(settlement, 'td'),
    shareCell(settlement.allocatedSoldWh, settlement.soldWh),
    shareCell(settlement.allocatedBoughtWh, settlement.boughtWh),
    deviationCell(settlement, currency),
    cell(formatMoney(settlement.paidNano, currency, 4), undefined, 'figure'),
    cell(formatMoney(settlement.receivedNano, currency, 4), undefined, 'figure'),
  ])
  return table('settlements-title', SETTLEMENT_COLUMNS, rows, SETTLEMENT_COLUMNS.slice(2))
}

function powerCell({ importW, exportW, meter }) {
  if (meter === 'missing') return cell(UNKNOWN, 'meter cannot be read', 'warns')
  if (importW === null) return cell(UNKNOWN, 'not heard of yet', 'none')
  if (exportW > 0) return cell(formatPower(exportW), 'feeding in', 'feeds')
  return cell(
    formatPower(importW),
    importW > 0 ? 'drawing' : 'neither draws nor feeds in',
    importW > 0 ? 'draws' : 'none',
  )
}

function surplusCell({ surplusW }, most) {
  const made = cell(formatPower(surplusW), undefined, surplusW > 0 ? 'figure' : 'figure none')
  if (surplusW > 0) {
    const bar = text('span', '', 'bar')
    bar.style.width = `${Math.max(2, (100 * surplusW) / most)}%`
    made.firstElementChild.append(bar)
  }
  return made
}

function openOrdersCell({ openBids, openOffers }) {
  const parts = []
  if (openBids.count > 0) parts.push(`${counted(openBids.count, 'bid', 'bids')}, ${formatEnergy(openBids.energyWh)}`)
  if (openOffers.count > 0) {
    parts.push(`${counted(openOffers.count, 'offer', 'offers')}, ${formatEnergy(openOffers.energyWh)}`)
  }
  return parts.length === 0 ? cell('none', undefined, 'none') : cell(parts[0], parts[1])
}

function lastTradeCell(trade, currency) {
  if (trade === null) return cell('none yet', undefined, 'none')
  const verb = trade.side === 'bid' ? 'bought' : 'sold'
  return cell(
    `${verb} ${formatEnergy(trade.energyWh)} at ${formatRate(trade.rateMicro, currency)}`,
    `for ${formatTime(trade.slotStart)}`,
  )
}

function amountCell(amount, all) {
  const aside = all === undefined || all.count === amount.count ? undefined : `of ${all.count} entered`
  if (amount.count === 0) return cell('none', aside, 'figure none')
  return cell(`${amount.count} · ${formatEnergy(amount.energyWh)}`, aside, 'figure')
}

function shareCell(allocatedWh, tradedWh) {
  if (tradedWh === 0) return cell('none', undefined, 'figure none')
  return cell(
    formatEnergy(allocatedWh),
    allocatedWh === tradedWh ? 'all of it' : `of ${formatEnergy(tradedWh)}`,
    'figure',
  )
}

function deviationCell(settlement, currency) {
  const deviationWh = settlement.shortfallWh + settlement.unusedWh
  const missing = settlement.missingImport || settlement.missingExport
  if (deviationWh === 0) return cell('none', missing ? 'meter data missing' : undefined, 'figure none')
  const penalty = `${formatMoney(settlement.penaltyNano, currency, 4)} penalty`
  return cell(formatEnergy(deviationWh), missing ? `${penalty}, meter data missing` : penalty, 'figure warns')
}

function nameCell({ name, site }, tag = 'th') {
  const made =
    tag === 'th' ? head(name ?? shortId(site), name === null ? undefined : shortId(site)) : cell(name ?? shortId(site))
  made.title = site
  return made
}

/** Roles are said in full: a narrow screen lays the table out as cards, and some browsers then forget that it is one. */
function table(labelledBy, columns, rows, figures) {
  const made = roled('table', 'table')
  made.setAttribute('aria-labelledby', labelledBy)
  const top = roled('tr', 'row')
  for (const column of columns) {
    const th = text('th', column, figures.includes(column) ? 'figure' : undefined)
    th.scope = 'col'
    th.setAttribute('role', 'columnheader')
    top.append(th)
  }
  const thead = roled('thead', 'rowgroup')
  thead.append(top)
  const tbody = roled('tbody', 'rowgroup')
  for (const cells of rows) {
    const tr = roled('tr', 'row')
    cells.forEach((each, index) => {
      each.dataset.label = columns[index]
    })
    tr.append(...cells)
    tbody.append(tr)
  }
  made.append(thead, tbody)
  return made
}

function roled(tag, role) {
  const element = document.createElement(tag)
  element.setAttribute('role', role)
  return element
}

function head(value, aside) {
  const th = cell(value, aside, undefined, 'th')
  th.scope = 'row'
  th.setAttribute('role', 'rowheader')
  return th
}

function cell(value, aside, className, tag = 'td') {
  const element = text(tag, '', className)
  if (tag === 'td') element.setAttribute('role', 'cell')
  const content = text('span', value)
  if (aside !== undefined) content.append(text('span', aside, 'aside'))
  element.append(content)
  return element
}

function card(term, value, aside) {
  const box = document.createElement('div')
  const dd = text('dd', value)
  dd.append(document.createElement('br'), aside)
  box.append(text('dt', term), dd)
  return box
}

function text(tag, content, className) {
  const element = document.createElement(tag)
  element.textContent = content
  if (className !== undefined) element.className = className
  return element
}
