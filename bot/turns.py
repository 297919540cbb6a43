"""Runs one turn through Rasa: a text in, replies out, and no false success."""

from __future__ import annotations

from typing import Any

from rasa.core.actions.action import Action, ActionExecutionRejection, RemoteAction
from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from rasa.shared.core.trackers import DialogueStateTracker

from bot.answers import reads_as_answer
from bot.components.tracker_state import replies
from bot.components.tracker_store import TurnFailedError
from bot.form_texts import as_message, may_leave_form, understood_as


class _WatchedAction:
    """An action that remembers why it failed, because Rasa goes on as if it had not."""

    def __init__(self, action: Action) -> None:
        self._action = action
        self.failure: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._action, name)

    async def run(self, *args: Any) -> Any:
        """Run the action."""
        try:
            return await self._action.run(*args)
        except Exception as problem:
            if not isinstance(problem, ActionExecutionRejection) or isinstance(self._action, RemoteAction):
                self.failure = problem
            raise


class TurnProcessor(MessageProcessor):  # type: ignore[misc]
    """Rasa's processor, except that a failed action fails the turn."""

    async def turn(self, sent: UserMessage) -> list[dict[str, Any]]:
        """Run one turn, keep its outcome, and give back the replies."""
        tracker = await self.log_message(sent, should_save_tracker=False)
        tracker = await self.run_action_extract_slots(sent.output_channel, tracker)
        await self._run_prediction_loop(sent.output_channel, tracker)
        await self.save_tracker(tracker)
        return replies(tracker)

    async def parse_message(
        self,
        message: UserMessage,
        tracker: DialogueStateTracker | None = None,
        only_output_properties: bool = True,
    ) -> dict[str, Any]:
        """Understand a text; while a form asks for a message, nearly every text is that message.

        Elsewhere a short text is read as the answer to what was asked last.
        """
        parsed: dict[str, Any] = await super().parse_message(message, tracker, only_output_properties)
        if tracker is None:
            return parsed
        if tracker.active_loop_name is not None:
            return parsed if may_leave_form(parsed) else as_message(parsed)
        asked = "\n".join(reply["text"] for reply in replies(tracker))
        answer = reads_as_answer(parsed, asked, None)
        return parsed if answer is None else understood_as(parsed, answer)

    async def _run_action(self, action: Action, *args: Any, **kwargs: Any) -> bool:
        watched = _WatchedAction(action)
        goes_on: bool = await super()._run_action(watched, *args, **kwargs)
        if watched.failure:
            raise TurnFailedError(f"{action.name()} failed: {type(watched.failure).__name__}")
        return goes_on


def message(text: str, sender: str, turn_id: str | None) -> UserMessage:
    """The text as Rasa's REST channel would hand it over."""
    return UserMessage(text, sender_id=sender, input_channel="rest", metadata={"turn_id": turn_id} if turn_id else None)
