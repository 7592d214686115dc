// SPDX-License-Identifier: LGPL-2.1-or-later
// One Chromium for all cases of a file: says where it is, and ends with its standard input.
import { PATIENCE_MS, chromium, facts } from "./harness.mjs";

// as root, as in a container, Chromium's sandbox does not start
const server = await chromium.launchServer({ executablePath: facts.chromium, args: ["--no-sandbox"], timeout: PATIENCE_MS });
console.log(server.wsEndpoint());
for await (const _ of process.stdin);
await server.close();
