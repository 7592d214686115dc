// SPDX-License-Identifier: LGPL-2.1-or-later

function quote(text) {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** seconds: of each row; columns: [{name, values}], null or undefined where nothing is known. */
export function toCsv(seconds, columns) {
  const lines = [["time", "t_us", ...columns.map(({ name }) => quote(name))].join(",")];
  seconds.forEach((second, row) => {
    const values = columns.map(({ values: column }) => column[row] ?? "");
    if (values.some((value) => value !== ""))
      lines.push([new Date(second * 1000).toISOString(), second * 1e6, ...values].join(","));
  });
  return `${lines.join("\r\n")}\r\n`;
}

/** Of a title, as a part of a file's name. */
export function slug(title) {
  return title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
}

export function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000); // the download has begun by then
}
