// What the HTML standard's e-mail field takes, with letters of every script in both parts
// (RFC 6531) and the lengths of RFC 5321.
const pattern =
  /^[\p{L}\p{M}\p{N}.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?)(?:\.[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?)*$/u

export const emailCharactersMax = 254

export function isEmail(text: string): boolean {
  return text.length <= emailCharactersMax && pattern.test(text)
}
