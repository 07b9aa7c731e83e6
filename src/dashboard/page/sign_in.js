/** The form for the token. */
import { html } from "./html.js";
import { useState } from "preact/hooks";
import { signIn } from "./gateway.js";

export function SignIn({ onSignedIn }) {
  const [problem, setProblem] = useState("");
  const submit = async (event) => {
    event.preventDefault();
    try {
      await signIn(new FormData(event.target).get("token").trim());
      onSignedIn();
    } catch (error) {
      setProblem(error.message);
    }
  };
  return html`
    <form class="sign-in" onSubmit=${submit}>
      <h1>Plugins</h1>
      <label for="token">The token of this gateway</label>
      <input id="token" name="token" type="password" autocomplete="current-password" required autofocus />
      <button>Sign in</button>
      <p role="alert" class="problem">${problem}</p>
    </form>
  `;
}
