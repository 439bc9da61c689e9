import { formatClock, formatDate, formatSlot } from './format.js'
import { connectionState, LOST_AFTER_MS, retryAfterMs } from './state.js'
import { housesTable, marketsTable, settlementsTable, totalsList } from './tables.js'

/** Follows the street by server-sent events and shows it; comes back by itself after a lost connection. */

const at = (id) => document.getElementById(id)
const now = () => performance.now()

let source
let street
let connected = false
let attempt = 0
let lastEventMs = now()
let unchangedSinceMs = now()
let retryTimer

function connect() {
  clearTimeout(retryTimer)
  retryTimer = undefined
  source?.close()
  // the new connection gets its time to speak
  lastEventMs = street === undefined ? now() : lastEventMs
  const mine = new EventSource('/v1/events')
  source = mine
  const openedMs = now()
  mine.addEventListener('street', (event) => {
    street = JSON.parse(event.data)
    hear(street)
    showStreet()
  })
  mine.addEventListener('clock', (event) => hear(JSON.parse(event.data)))
  mine.addEventListener('error', () => retryLater(mine))
  // a connection that opens and says nothing is given up like a lost one
  setTimeout(() => {
    if (source === mine && lastEventMs < openedMs) retryLater(mine)
  }, LOST_AFTER_MS)
}

/** Whatever comes says what time it is and how long nothing has changed. */
function hear({ clockS, unchangedForS }) {
  connected = true
  attempt = 0
  lastEventMs = now()
  unchangedSinceMs = lastEventMs - unchangedForS * 1000
  showClock(clockS)
  showState()
}

/** The browser's own retry gives up for good on a refused connection, so this page does it itself. */
function retryLater(which) {
  if (which !== source || retryTimer !== undefined) return
  which.close()
  connected = false
  retryTimer = setTimeout(connect, retryAfterMs(attempt))
  attempt += 1
  showState()
}

function showState() {
  const hasData = street !== undefined
  const state = connectionState({ connected, hasData, lastEventMs, unchangedSinceMs, nowMs: now() })
  setText(at('state-label'), state.label)
  setText(at('state-detail'), state.detail)
  at('state').dataset.state = state.key
  at('main').classList.toggle('old', state.key === 'lost' || state.key === 'stale')
}

function showClock(clockS) {
  setText(at('clock'), formatClock(clockS))
  setText(at('date'), formatDate(clockS))
  const slot = street?.slot
  if (slot === undefined || slot === null) return
  const lengthS = slot.endsAt - slot.startsAt
  const startsAt = Math.floor(clockS / lengthS) * lengthS
  setText(at('slot'), formatSlot(startsAt, startsAt + lengthS))
  at('slot-progress').hidden = false
  at('slot-progress').value = (clockS - startsAt) / lengthS
}

function showStreet() {
  document.title = street.title
  setText(at('title'), street.title)
  setText(at('head'), street.head === null ? 'none yet' : `#${street.head.number}`)
  at('totals').replaceChildren(...totalsList(street))
  at('houses-table').replaceChildren(housesTable(street))
  at('markets-table').replaceChildren(marketsTable(street))
  at('settlements-table').replaceChildren(settlementsTable(street))
  showClock(street.clockS)
}

/** Touches only what differs, so that a screen reader is not told the same again. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}

setInterval(() => {
  if (connected && now() - lastEventMs > LOST_AFTER_MS) retryLater(source)
  showState()
}, 1_000)
connect()
