/** Whether a text is the whole address of something on the web, such as may be made a link. */
export function isWebAddress(text: string): boolean {
  return /^https?:\/\/[^\s]+$/i.test(text) && URL.canParse(text)
}
