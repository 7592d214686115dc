// SPDX-License-Identifier: LGPL-2.1-or-later
/* The series that the sections always show. Apart from them, so that they are asked for before those are read. */
export const GPU_FACTS = [
  ["gpu.utilization_percent", "Utilization", "percent"],
  ["gpu.memory.fragmentation_percent", "Fragmentation", "percent"],
  ["gpu.temperature_c", "Temperature", "celsius"],
  ["gpu.power_w", "Power", "watts"],
];

const SHOWN = [
  "gpu.memory.total_bytes", "gpu.memory.used_bytes", "gpu.memory.reserved_bytes", "gpu.memory.allocated_bytes", "gpu.pressure",
  ...GPU_FACTS.map(([name]) => name),
  "host.cpu.used_percent", "host.cpu.count", "host.load.1m",
  "host.memory.used_bytes", "host.memory.total_bytes", "host.memory.used_percent",
  "host.disk.read_bytes", "host.disk.written_bytes", "host.disk.used_percent", "host.disk.free_bytes",
  "host.network.received_bytes", "host.network.sent_bytes",
];

/** A dot in brackets is a dot, with no escape of an escape. */
export const SHOWN_SELECTOR = `{__name__=~"${SHOWN.map((name) => name.replaceAll(".", "[.]")).join("|")}"}`;
