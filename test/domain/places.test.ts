import { describe, expect, test } from 'bun:test'
import { Places } from '../../src/domain/places.ts'

const none = { all: 0, failing: 0 }
const seat = (endpointId: number, isFailing = false) => ({ endpointId, isFailing })

describe('places', () => {
  test('are two for an endpoint', () => {
    const places = new Places()
    expect(places.free(seat(1), none)).toBe(2)
    places.take(seat(1))
    expect(places.free(seat(1), none)).toBe(1)
    places.take(seat(1))
    expect([places.free(seat(1), none), places.free(seat(2), none)]).toEqual([0, 2])
    places.leave(seat(1))
    expect([places.free(seat(1), none), places.takenBy(1)]).toEqual([1, 1])
  })

  test('are 64 in all', () => {
    const places = new Places()
    for (let n = 0; n < 63; n++) places.take(seat(n))
    expect([places.isFull, places.free(seat(99), none)]).toEqual([false, 1])
    places.take(seat(99))
    expect([places.isFull, places.free(seat(100), none)]).toEqual([true, 0])
    places.leave(seat(5))
    expect([places.isFull, places.free(seat(5), none)]).toEqual([false, 1])
  })

  test('are shared by those that fail, so that however many hang the others have half', () => {
    const places = new Places()
    for (let n = 0; n < 32; n++) places.take(seat(n, true))
    expect([places.free(seat(99, true), none), places.free(seat(99), none)]).toEqual([0, 2])
    places.leave(seat(3, true))
    expect(places.free(seat(99, true), none)).toBe(1)
  })

  test('count what is about to be taken', () => {
    const places = new Places(4)
    expect(places.free(seat(1), { all: 3, failing: 0 })).toBe(1)
    expect(places.free(seat(1), { all: 4, failing: 0 })).toBe(0)
    expect(places.free(seat(1, true), { all: 3, failing: 3 })).toBe(1)
  })

  test('go in turn: first who waited longest', () => {
    const places = new Places()
    for (const id of [3, 1, 2]) places.take(seat(id))
    places.leave(seat(3))
    const ids = [1, 2, 3, 4].map((id) => ({ id }))
    expect(places.inTurn(ids).map(({ id }) => id)).toEqual([4, 3, 1, 2])
  })
})
