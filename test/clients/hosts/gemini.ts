import { readFileSync } from "node:fs";
import { fillIn } from "../page.ts";
import { type Host, playThrough } from "./host.ts";

const example = readFileSync(new URL("../../../mcp.json.example", import.meta.url), "utf8");

export const gemini: Host = {
  name: "Gemini CLI",
  packageName: "@google/gemini-cli",
  started: "`gemini -p`",
  asked: "page",
  async visit(stay) {
    const settings = {
      ...JSON.parse(fillIn(example, stay.setup)),
      security: { folderTrust: { enabled: false }, auth: { selectedType: "gemini-api-key" } },
      privacy: { usageStatisticsEnabled: false },
      general: { disableAutoUpdate: true, enableAutoUpdate: false },
    };
    stay.put(".gemini/settings.json", JSON.stringify(settings));
    const env = { GEMINI_API_KEY: "played", GOOGLE_GEMINI_BASE_URL: stay.model.url };
    const args = ["-m", "gemini-2.5-flash", "--approval-mode", "yolo", "-p", "go"];
    await playThrough(stay, stay.start("gemini", args, env));
  },
};
