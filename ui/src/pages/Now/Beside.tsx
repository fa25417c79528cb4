// What stands below the questions of the first page and is fetched behind them: notes of hand-over nobody has read, the alert level.
import { NowLevels } from "../../widgets/alert/Now";
import { Handovers } from "../../widgets/Handovers";

export const Beside = () => <><Handovers /><NowLevels /></>;
