export { exportLines, importDesk, type Imported } from '../store/portable.ts'
export { writeWhole } from '../store/folder.ts'
