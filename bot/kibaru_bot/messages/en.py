"""Kibaru in English."""

from __future__ import annotations

from kibaru_bot.messages.catalogue import Catalogue

ENGLISH = Catalogue(
    code="en",
    name="English",
    months=(
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    is_singular=lambda count: count == 1,
    decimal_point=".",
    start=(
        "Hello! Ask me a question in your own words: I answer with exact quotes from our articles and name their "
        "source. If the articles don't say, I tell you so."
    ),
    examples="For example:",
    example_question_plain="What is known about this: {title}?",
    help=(
        "Write your question, and I look in our articles for what answers it. I quote word for word and give the "
        "link. You can go on (“and when?”), or edit your question: I edit my answer.\n\n"
        "/latest the newest articles\n/new change the subject\n/language French or English\n"
        "/about where answers come from\n/forget delete what is kept about you\n\n"
        "In a group: mention me, reply to one of my messages, or write /ask and your question."
    ),
    greeting="Hello! I answer with the exact words of our articles: ask your question, in your own words.",
    you_are_welcome="You are welcome! Another question? Just write it.",
    empty_archive="There are no articles here yet. Come back soon.",
    latest="The newest articles",
    about=(
        "<b>{newsroom}</b>\nI answer from {articles:article|articles}{dates}, and only from them: no word of a quote "
        "is mine."
        "\n\n<b>Privacy.</b> I keep your question for {days:day|days} so that the newsroom sees what is missing, "
        "without "
        "your name or number: under a keyed fingerprint whose key changes and is thrown away. /forget deletes your "
        "questions at once."
    ),
    about_dates=", from {first} to {last}",
    language="Which language shall I speak? Quotes stay in that of their article.",
    language_set="Noted: I speak English with you.",
    new_thread="All right, something else. What is your question?",
    forgotten="Deleted: {count} of your questions, and the language you had chosen.",
    also_in="Also on: {sites}",
    unsure="I am not sure; this may help:",
    refusal="The articles don't say.",
    leads="Those that come nearest, which may not answer:",
    more_button="More passages ›",
    previous_button="‹ Previous",
    open_button="Read the article",
    helpful_button="👍 Helpful",
    unhelpful_button="👎 Not helpful",
    thanks_toast="Thank you!",
    sorry_toast="Thank you, the newsroom will see it.",
    no_more_toast="That is all the articles say about it.",
    expired_toast="This answer is too old. Ask your question again.",
    not_yours_toast="This button is not for you.",
    only_text="I only read text: write your question in a few words, for example “Who won the final?”.",
    only_text_and_files="From you I read text and these files: {kinds}.",
    empty_question="Write your question in a few words, for example “Who won the final?”.",
    too_long="This question is too long: ask it in {most} characters or fewer.",
    ask_usage="Write the question after the command: <code>/ask Who won the final?</code>",
    unknown_command="I don't know this command. /help says what I can do.",
    overloaded="Many readers are writing right now. Please ask again in a minute.",
    too_fast="You are faster than I am! Wait {seconds:second|seconds} before the next question.",
    too_many=(
        "So many messages at once! I have left out this one and those after it. Please send them again once I have "
        "answered the others."
    ),
    unavailable="I cannot answer right now. The newsroom has been told; try again in a few minutes.",
    inline_none_plain="The articles don't say",
    inline_busy_plain="Try again in a minute",
    inline_hint_plain="Write your question in a few words",
    start_command="Begin",
    help_command="What I can do",
    latest_command="The newest articles",
    about_command="Where answers come from, privacy",
    language_command="French or English",
    new_command="Change the subject",
    forget_command="Delete what is kept about me",
    ask_command="Ask a question",
    add_command="Add an article",
    articles_command="Browse, search, remove",
    rebuild_command="Rebuild the index",
    status_command="State of the archive",
    unanswered_command="Questions without an answer",
    description=(
        "Ask a question: I answer with exact quotes from the newsroom's articles and name their source. "
        "If the articles don't say, I tell you so."
    ),
    short_description="Your questions, the exact words of our articles, their source.",
    add_usage=(
        "Send a file ({kinds}), reply /add to a text or a file, or write:\n"
        "<code>/add The title\nthe text of the article…</code>\n<code>/add https://…</code>"
    ),
    add_text_missing="That is the title; write the text too, on the next line: <code>/add The title\nthe text…</code>",
    file_too_large="This file is over 20 MB, which Telegram does not give to bots. Use <code>kibaru add</code>.",
    file_not_read="Not readable: I do not read files of this kind. I read: {kinds}.",
    file_empty="Not readable: this file is empty.",
    file_not_given="Telegram does not give this file: send it again.",
    preview=(
        "<b>{title}</b>\nLanguage: {language} · {characters:character|characters} · "
        "{passages:passage|passages}{facts}\n{change}"
    ),
    preview_new="A new article.",
    preview_update="Replaces “{title}” (<code>{id}</code>).",
    preview_same_title="A new article, but another has this title: <code>{id}</code>.",
    preview_unchanged="Already published, without a change: “{title}” (<code>{id}</code>).",
    preview_many="<b>{count:article|articles}</b>: {new} new, {updates} updated, {unchanged} unchanged.",
    preview_failures="Not readable: {failures}",
    publish_button="Publish",
    draft_gone_toast="This preview waits no longer: it is done, or send the article again.",
    cancel_button="Cancel",
    nothing_to_publish="There is nothing to publish.",
    published="Published: {added} new, {updated} updated, {unchanged} unchanged. Questions already find it.",
    publish_failed="Not published: {why}",
    cancelled="Cancelled, nothing has changed.",
    articles="{total:article|articles}, page {page} of {pages}",
    articles_none="No articles.",
    articles_search=" for “{term}”",
    article_detail=(
        "{source}\nAuthor: {author} · Language: {language} · "
        "{characters:character|characters}\n<code>{id}</code>\n\n{beginning}"
    ),
    remove_button="Remove",
    remove_sure="Remove “{title}”? No answer will quote it any more.",
    remove_yes_button="Yes, remove",
    removed="Removed: “{title}”.",
    undo_button="Put back",
    restored="Put back: “{title}”.",
    back_button="‹ Back",
    rebuild_started="Rebuilding the index. The old one answers meanwhile.",
    rebuild_running="The index is already being rebuilt.",
    rebuild_progress="Rebuilding the index: {percent}%. The old one answers meanwhile.",
    rebuild_done=(
        "Done: generation {generation}, {articles:article|articles}, {passages:passage|passages}, "
        "{embedded} of them embedded, in {seconds} s."
    ),
    synced="From the sources: {sources}",
    synced_source="{title}: {counts}",
    synced_added="{count} new",
    synced_updated="{count} updated",
    synced_gone="{count} gone from the site",
    synced_problem="not brought in ({why})",
    failed="That did not work: {why}",
    status=(
        "<b>Archive</b>: {articles:article|articles}{dates}, {passages:passage|passages}, {megabytes} "
        "MB\n<b>Languages</b>: "
        "{languages}\n"
        "<b>Index</b>: generation {generation}{built}, {model}\n<b>Health</b>: {health}\n"
        "<b>Questions</b>: {questions} kept, {refused} without an answer, {queue} waiting\n"
        "<b>Since {started}</b>: {answered} answered, {refusals} refused, {shed} told to come back\n"
        "<b>Sources synced</b>: {synced}\n<b>Last error</b>: {error}"
    ),
    unanswered="<b>Questions refused or judged unhelpful</b>",
    unanswered_none="No question without an answer. Well done!",
    unanswered_line="{count} × {question}",
    csv_button="All as CSV",
    csv_caption="{count:question|questions}",
)  # fmt: skip
