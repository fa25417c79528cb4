import "../styles/tokens.css";
import "../styles/base.css";
import "../styles/frame.css";
import "../styles/widgets.css";
import "../styles/pages.css";
import "../styles/print.css";
import { render } from "preact";
import { startClock } from "../state/clock";
import { startRoute } from "../state/route";
import { start } from "../state/session";
import { App } from "./App";
import { startKeys } from "./keys";

startRoute();
startClock();
startKeys();
void start();
render(<App />, document.getElementById("app") as HTMLElement);
