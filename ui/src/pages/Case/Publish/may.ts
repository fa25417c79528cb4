// Who writes what is published: the room asks again.
import { me } from "../../../state/session";

export const mayWrite = (): boolean => ["administrator", "handler", "commander", "publisher", "approver"].some((r) => me.value?.person.role === r);
