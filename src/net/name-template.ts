// Names made from templates: `veth%d` becomes the name with the lowest number that is free.
//
// Mirrors net/core/dev.c (__dev_alloc_name). Linux asks every device for every name it makes; here a namespace remembers
// up to which number each template's names are taken, so that ten thousand pairs without names of their own do not take
// a hundred million look-ups.

import { utf8Length } from "../bytes/utf8.ts";
import { IFNAMSIZ } from "../uapi/if.ts";

/** How many names one template can give: eight times the page size. */
const maxNames = 32_768;
/** Templates remembered at a time; people use two or three. */
const maxTemplates = 16;

/** A template `before%dafter`. */
interface Template {
  readonly before: string;
  readonly after: string;
  /** All numbers below this one are taken. */
  taken: number;
}

/** The templates that names of one namespace were made from. */
export class NameTemplates {
  #templates: Map<string, Template> | null = null;

  /**
   * The free name of `template` with the lowest number, undefined when its numbers are used up; the template has one
   * `%d`. `isTaken` tells whether a device has a name.
   */
  allocate(template: string, isTaken: (name: string) => boolean): string | undefined {
    const known = this.#find(template);
    for (; known.taken < maxNames; known.taken++) {
      const name = `${known.before}${known.taken}${known.after}`;
      if (utf8Length(name) >= IFNAMSIZ) return undefined;
      if (!isTaken(name)) return name;
    }
    return undefined;
  }

  #find(text: string): Template {
    this.#templates ??= new Map();
    let template = this.#templates.get(text);
    if (template === undefined) {
      const percent = text.indexOf("%d");
      template = { before: text.slice(0, percent), after: text.slice(percent + 2), taken: 0 };
      if (this.#templates.size >= maxTemplates) this.#templates.clear();
      this.#templates.set(text, template);
    }
    return template;
  }

  /** Takes note that nobody has `name` any more. */
  release(name: string): void {
    if (this.#templates === null) return;
    for (const template of this.#templates.values()) {
      const number = numberIn(name, template);
      if (number !== undefined && number < template.taken) template.taken = number;
    }
  }
}

/** The number by which `name` comes from `template`, undefined when it does not. */
function numberIn(name: string, { before, after }: Template): number | undefined {
  if (!name.startsWith(before) || !name.endsWith(after)) return undefined;
  const digits = name.slice(before.length, name.length - after.length);
  const number = Number(digits);
  return String(number) === digits ? number : undefined;
}
