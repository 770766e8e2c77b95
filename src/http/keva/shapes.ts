import { z } from 'zod'

/** `2024-03-02T08:15:00Z` (keva.md section 1). */
export const date = z.iso.datetime({ precision: 0 })
