// Elements without a library.

export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

export function clock(date = new Date()) {
  return date.toTimeString().slice(0, 8);
}

/** Adds a line at the end of a list, which stays at its end if it was there, and forgets the oldest. */
export function addLine(list, line, most) {
  const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 40;
  list.append(line);
  while (list.childElementCount > most) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}
