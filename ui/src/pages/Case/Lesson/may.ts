// Who makes a lesson of a case: the room asks again.
import { me } from "../../../state/session";

export const mayChange = (): boolean => ["administrator", "handler", "commander"].some((r) => me.value?.person.role === r);
