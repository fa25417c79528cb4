// Who works here. An administrator adds a person and makes the link with which that person signs in once.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Person, SignInLink } from "../../api/types";
import { useResource } from "../../state/resource";
import { me } from "../../state/session";
import { t, word } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Outcome } from "../../widgets/Outcome";

const ROLES = ["handler", "commander", "approver", "publisher", "desk", "reporter", "auditor", "administrator"];

function PersonRow({ person, admin, done }: { person: Person; admin: boolean; done: () => void }) {
  const [editing, edit] = useState(false);
  const [link, show] = useState<SignInLink | null>(null);
  const write = useWrite();
  return (
    <li class="person">
      <div><b>{word("person", person.name)}</b> <span class="small ink2">{word("person", person.name) !== word("role", person.role) && person.roles.map((r) => word("role", r)).join(t("word.comma"))}{!person.active && `${t("word.comma")}${t("people.inactive")}`}</span></div>
      {!link && <Button smaller busy={write.state.step === "busy"} onPress={() => void write.run(async () => show(await api.signInLink(person.id)))}>{t("people.link")}</Button>}
      {link && <p class="note mono" role="status">{location.origin}{link.path}<br />{t("people.link_until", { at: link.expires })}</p>}
      {admin && !editing && <Button smaller onPress={() => edit(true)}>{t("person_roles.edit")}</Button>}
      <Outcome state={write.state} />
      {editing && <Roles person={person} done={done} leave={() => edit(false)} />}
    </li>
  );
}

/** A person may have several roles; none is no choice. */
function Roles({ person, done, leave }: { person: Person; done: () => void; leave: () => void }) {
  const [roles, set] = useState<string[]>(person.roles);
  const [seen] = useState(person.version);
  const write = useWrite(done);
  const turn = (r: string) => set(roles.includes(r) ? roles.filter((x) => x !== r) : [...roles, r]);
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); if (roles.length > 0) void write.run(() => api.editPerson(person.id, { version: seen, roles })).then((ok) => ok && leave()); }}>
      <fieldset class="picks"><legend>{t("person_roles.of", { name: person.name })}</legend>
        {ROLES.map((r) => <label class="pick" key={r}><input type="checkbox" checked={roles.includes(r)} onChange={() => turn(r)} /><span>{word("role", r)} <small class="small ink2">{word("role.may", r)}</small></span></label>)}
      </fieldset>
      <Outcome state={write.state} />
      <div class="buttons">{roles.length > 0 ? <Button smaller submit busy={write.state.step === "busy"}>{t("person_roles.save")}</Button> : <span class="small ink2">{t("person_roles.none")}</span>}<Button smaller onPress={leave}>{t("button.leave")}</Button></div>
    </form>
  );
}

function Add({ done }: { done: () => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState("handler");
  const write = useWrite(done);
  return (
    <form class="form card-body" onSubmit={(e) => { e.preventDefault(); if (name.trim()) void write.run(() => api.addPerson({ name: name.trim(), role, lang: "ja" })).then((ok) => ok && setName("")); }}>
      <div class="form-row">
        <label class="field"><span>{t("people.name")}</span><input type="text" maxLength={100} value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
        <label class="field"><span>{t("people.role")}</span><select value={role} onChange={(e) => setRole(e.currentTarget.value)}>{ROLES.map((r) => <option value={r}>{word("role", r)}</option>)}</select><small class="small ink2">{word("role.may", role)}</small></label>
      </div>
      <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("people.add")}</Button></div>
      <Outcome state={write.state} />
    </form>
  );
}

export function People() {
  const list = useResource(api.persons, [], []);
  if (list.data === null) return null;
  const admin = me.value?.person.roles.includes("administrator") === true;
  return (
    <Card id="people" title={t("people.title")} caption={t("people.caption", { n: list.data.persons.length })}>
      <ul class="rows">{list.data.persons.map((p) => <PersonRow key={p.id} person={p} admin={admin} done={list.reload} />)}</ul>
      {admin && <Add done={list.reload} />}
    </Card>
  );
}
