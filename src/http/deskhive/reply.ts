import { z } from 'zod'
import { flag, text } from './fields.ts'

/** What a reply takes, from admins and agents alike (deskhive.md sections 7 and 21.3). */
export const reply = z.object({ content: text(), is_internal: flag() })
