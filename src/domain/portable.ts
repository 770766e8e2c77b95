export { exportLines, importDesk, type Imported } from '../store/portable.ts'
