"""A small runner for the shell steps of a workflow job, with the conditions, environment and outputs of GitHub."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.stubs import Stage

REPOSITORY = Path(__file__).parents[2]
WORKFLOWS = REPOSITORY / ".github/workflows"
Job = dict[str, Any]


def workflow(name: str) -> Job:
    """Load a workflow. Its triggers are under "on", which YAML reads as a boolean."""
    loaded: dict[Any, Any] = yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in loaded.items()}


def steps(job: Job) -> list[dict[str, Any]]:
    """Return the steps of a job. A job that calls another workflow has none."""
    found: list[dict[str, Any]] = job.get("steps", [])
    return found


@dataclass(slots=True, kw_only=True)
class Runner:
    """Runs the `run` steps of one job on a stage. Steps that use an action succeed with the outputs in `known`."""

    stage: Stage
    known: Mapping[str, str]  # values of expressions, such as "secrets.KUBECONFIG"
    ran: list[str] = field(default_factory=list)
    outcomes: dict[str, str] = field(default_factory=dict)
    failed: bool = False

    def run(self, whole: Job, job: Job) -> None:
        """Run every step whose condition is true."""
        for step in steps(job):
            if "run" in step and self._condition_is_true(step.get("if", "success()")):
                environment = {**whole.get("env", {}), **job.get("env", {}), **step.get("env", {})}
                self._step(step, {name: self._expand(str(text)) for name, text in environment.items()})

    def _step(self, step: dict[str, Any], environment: dict[str, str]) -> None:
        command = [environment.get(word.removeprefix("$"), word) for word in shlex.split(step["run"])]
        done = self.stage.step(command, {**environment, **self.stage.variables})
        self.ran.append(command[0].removeprefix("scripts/deploy/"))
        self.outcomes[step.get("id", "")] = "failure" if done.code else "success"
        self.failed = self.failed or done.code != 0

    def _condition_is_true(self, condition: str) -> bool:
        parts = condition.removeprefix("${{").removesuffix("}}").replace("()", "").split("&&")
        return all(any(self._term_is_true(word.strip()) for word in part.strip(" ()").split("||")) for part in parts)

    def _term_is_true(self, word: str) -> bool:
        outcome = re.fullmatch(r"steps\.(\S+)\.outcome == '(\w+)'", word)
        if outcome:
            return self.outcomes.get(outcome[1], "skipped") == outcome[2]
        return {"success": not self.failed, "failure": self.failed, "cancelled": False, "always": True}[word]

    def _expand(self, text: str) -> str:
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: self._value(found[1]), text)

    def _value(self, expression: str) -> str:
        output = re.fullmatch(r"steps\.\S+\.outputs\.(\S+)", expression)
        return self.stage.outputs[output[1]] if output else self.known[expression]
