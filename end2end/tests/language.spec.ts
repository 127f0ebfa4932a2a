// French beside English: chosen by the browser or by a plain form, the same with and without scripts.
import { expect, expectAccessible, hasScripts, openDashboard, row, test } from "./panel.ts";

test.describe("a browser that asks for French", () => {
  test.use({ locale: "fr-FR" });

  test("the dashboard, the drawer and the login speak French, and English once it is chosen @no-js", async ({ page, panel }) => {
    const { id } = await panel.create("Peintre", "test-logs");
    await page.goto("/");
    await expect(page.locator("html")).toHaveAttribute("lang", "fr");
    await expect(row(page, "Peintre")).toContainText("Jamais démarrée");
    await expect(page.getByRole("columnheader", { name: "Nom et gabarit" })).toBeVisible();
    if (hasScripts()) await expect(page.getByTitle(/^Connecté/)).toBeVisible();
    await expectAccessible(page);

    await page.goto(`/?open=${id}`);
    const drawer = page.getByRole("dialog", { name: "Peintre" });
    await expect(drawer.getByRole("link", { name: "Vue d’ensemble" })).toBeVisible();
    await expect(drawer).toContainText("Elle n’a pas encore été démarrée.");
    await expectAccessible(page);

    // The account's menu offers the other language under its own name; the page comes back.
    await page.goto("/trash");
    await expect(page.getByRole("heading", { name: "Corbeille" })).toBeVisible();
    await page.getByLabel("Compte", { exact: true }).click();
    await page.getByRole("button", { name: "English" }).click();
    await expect(page).toHaveURL(`${panel.url}/trash`);
    await expect(page.locator("html")).toHaveAttribute("lang", "en");
    await expect(page.getByRole("heading", { name: "Trash" })).toBeVisible();
    const chosen = (await page.context().cookies()).find(({ name }) => name === "aikore_language");
    expect(chosen?.value).toBe("en");
    expect((chosen?.expires ?? 0) - Date.now() / 1000).toBeGreaterThan(300 * 24 * 3600);

    await page.goto("about:blank");
    await page.context().clearCookies({ name: "aikore_session" });
    await page.goto("/login");
    await page.getByRole("button", { name: "Français" }).click();
    await expect(page).toHaveURL(`${panel.url}/login`);
    await expect(page.getByRole("heading", { name: /Se connecter/ })).toBeVisible();
    await expectAccessible(page);
    await page.getByLabel("Mot de passe", { exact: true }).fill("faux");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("alert")).toHaveText("Ce mot de passe n’est pas le bon. Réessayer.");
  });

  test("what happens while the page is open is told in French", async ({ page, panel }) => {
    await panel.create("Lecteur", "test-logs");
    panel.blueprint("Falls", "sleep 0.5; echo no model >&2; exit 3");
    const fails = await panel.create("Tombeur", "Falls");
    await page.goto("/");
    await expect(page.getByTitle(/^Connecté/)).toBeVisible();
    await row(page, "Lecteur").getByRole("button", { name: "Démarrer" }).click();
    await expect(row(page, "Lecteur")).toContainText("Démarrée");
    await row(page, "Lecteur").getByRole("button", { name: "Arrêter" }).click();
    await expect(row(page, "Lecteur")).toContainText("À l’arrêt");
    // A reason of the server, in a row and whole where the pointer stays.
    await panel.api("POST", `/instances/${fails.id}/start`);
    const status = row(page, "Tombeur").locator(".c-status .status__note");
    await expect(status).toHaveAttribute("title", /^Elle s’est terminée d’elle-même avec le code 3\. Dernière ligne\s: no model/);
    // A part that is loaded later.
    await page.keyboard.press("Control+k");
    const palette = page.getByRole("dialog", { name: "Rechercher ou lancer" });
    await palette.getByRole("combobox").fill("détails lecteur");
    await expect(palette.getByRole("option").first()).toHaveText(/Détails de Lecteur/);
    await page.keyboard.press("Escape");
    // An error of the server that a toast shows.
    await page.goto("/?new=1");
    await page.getByLabel("Nom", { exact: true }).fill("lecteur");
    await page.getByLabel("Gabarit", { exact: true }).selectOption({ label: "test-logs" });
    await page.getByRole("button", { name: "Créer", exact: true }).click();
    await expect(page.locator("#new-error")).toHaveText(/Il existe déjà une instance nommée/);
  });
});

test("English asks for no texts", async ({ page, panel }) => {
  await panel.create("Seen", "test-logs");
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await openDashboard(page);
  expect(asked.filter((path) => path.startsWith("/pkg/fr-"))).toEqual([]);
  await page.context().addCookies([{ name: "aikore_language", value: "fr", url: panel.url }]);
  await page.goto("/trash");
  await expect(page.getByRole("heading", { name: "Corbeille" })).toBeVisible();
  const texts = asked.filter((path) => path.startsWith("/pkg/fr-"));
  expect(texts).toHaveLength(1);
  const answer = await page.request.get(texts[0] ?? "");
  expect(answer.headers()["cache-control"]).toContain("immutable");
});
