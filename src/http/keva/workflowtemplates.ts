import { z } from 'zod'
import { workflowTemplates, type WorkflowTemplate } from '../../domain/workflowtemplates.ts'
import type { Endpoint } from '../endpoint.ts'
import type { KevaSurface } from './surface.ts'

const shape = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    triggerType: z.string(),
    autonomyLevel: z.int().nullable(),
    workflowJson: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'WorkflowTemplate' })

function present({ graph, ...template }: WorkflowTemplate) {
  const { id, name, description, triggerType, autonomyLevel } = template
  return { id, name, description, triggerType, autonomyLevel, workflowJson: graph }
}

/** Workflows to start from (ours). There are a handful, so they do not page. */
export function templates(on: KevaSurface): readonly Endpoint[] {
  return [
    {
      method: 'GET',
      path: '/workflows/templates',
      scope: 'workflows:read',
      tag: 'Workflows',
      summary: 'List ready workflows, each good to be sent as it is',
      answer: { status: 200, shape: on.single(z.strictObject({ templates: z.array(shape) })) },
      run: () => ({ status: 200, body: on.body({ templates: workflowTemplates.map(present) }) }),
    },
  ]
}
