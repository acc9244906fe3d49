"""Kibaru en français."""

from __future__ import annotations

from kibaru_bot.messages.catalogue import Catalogue

FRENCH = Catalogue(
    code="fr",
    name="Français",
    months=(
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ),
    is_singular=lambda count: count < 2,
    decimal_point=",",
    start=(
        "Bonjour ! Posez-moi une question, avec vos mots : je réponds par des citations exactes de nos articles, "
        "avec leur source. Si les articles ne le disent pas, je vous le dis."
    ),
    examples="Par exemple :",
    example_question_plain="Que sait-on de ceci : {title} ?",
    help=(
        "Écrivez votre question, et je cherche dans nos articles ce qui y répond. Je cite mot pour mot, et je donne "
        "le lien. Vous pouvez poursuivre (« et quand ? »), ou corriger votre question : je corrige ma réponse.\n\n"
        "/latest les derniers articles\n/new changer de sujet\n/language français ou anglais\n"
        "/about d’où viennent les réponses\n/forget effacer ce qui est gardé de vous\n\n"
        "Dans un groupe : mentionnez-moi, répondez à un de mes messages, ou écrivez /ask et votre question."
    ),
    greeting="Bonjour ! Je réponds par les mots exacts de nos articles : posez votre question, avec vos mots.",
    you_are_welcome="À votre service ! Une autre question ? Écrivez-la.",
    empty_archive="Il n’y a pas encore d’article ici. Revenez bientôt.",
    latest="Les derniers articles",
    about=(
        "<b>{newsroom}</b>\nJe réponds à partir de {articles:article|articles}{dates}, et seulement à partir d’eux : "
        "aucun "
        "mot d’une citation n’est de moi.\n\n<b>Vie privée.</b> Je garde votre question {days:jour|jours} pour que la "
        "rédaction voie ce qui manque, sans votre nom ni votre numéro : sous une empreinte chiffrée, dont la clé "
        "change et se perd. /forget efface vos questions tout de suite."
    ),
    about_dates=", du {first} au {last}",
    language="Dans quelle langue dois-je vous parler ? Les citations restent dans celle de l’article.",
    language_set="C’est noté : je vous parle en français.",
    new_thread="Bien, parlons d’autre chose. Quelle est votre question ?",
    forgotten="C’est effacé : {count} de vos questions, et la langue que vous aviez choisie.",
    also_in="Aussi sur : {sites}",
    unsure="Je ne suis pas sûr ; ceci peut aider :",
    refusal="Les articles ne le disent pas.",
    leads="Les plus proches, qui n’y répondent peut-être pas :",
    more_button="D’autres passages ›",
    previous_button="‹ Précédents",
    open_button="Lire l’article",
    helpful_button="👍 Utile",
    unhelpful_button="👎 Pas utile",
    thanks_toast="Merci !",
    sorry_toast="Merci, la rédaction le verra.",
    no_more_toast="C’est tout ce que les articles en disent.",
    expired_toast="Cette réponse est trop ancienne. Reposez votre question.",
    not_yours_toast="Ce bouton n’est pas pour vous.",
    only_text=(
        "Je ne lis que le texte : écrivez votre question en quelques mots, par exemple « Qui a gagné la "
        "finale ? »."
    ),
    only_text_and_files="De vous, je lis le texte et ces fichiers : {kinds}.",
    empty_question="Écrivez votre question en quelques mots, par exemple « Qui a gagné la finale ? ».",
    too_long="Cette question est trop longue : posez-la en {most} caractères ou moins.",
    ask_usage="Écrivez la question après la commande : <code>/ask Qui a gagné la finale ?</code>",
    unknown_command="Je ne connais pas cette commande. /help dit ce que je sais faire.",
    overloaded="Beaucoup de lecteurs écrivent en ce moment. Reposez votre question dans une minute, s’il vous plaît.",
    too_fast="Vous allez plus vite que moi ! Attendez {seconds:seconde|secondes} avant la prochaine question.",
    too_many=(
        "Que de messages à la fois ! J’ai laissé de côté celui-ci et ceux qui le suivent. Renvoyez-les, s’il vous "
        "plaît, quand j’aurai répondu aux autres."
    ),
    unavailable="Je ne peux pas répondre en ce moment. La rédaction est prévenue ; réessayez dans quelques minutes.",
    inline_none_plain="Les articles ne le disent pas",
    inline_busy_plain="Réessayez dans une minute",
    inline_hint_plain="Écrivez votre question en quelques mots",
    start_command="Commencer",
    help_command="Ce que je sais faire",
    latest_command="Les derniers articles",
    about_command="D’où viennent les réponses, vie privée",
    language_command="Français ou anglais",
    new_command="Changer de sujet",
    forget_command="Effacer ce qui est gardé de moi",
    ask_command="Poser une question",
    add_command="Ajouter un article",
    articles_command="Parcourir, chercher, retirer",
    rebuild_command="Refaire l’index",
    status_command="État de l’archive",
    unanswered_command="Les questions sans réponse",
    description=(
        "Posez une question : je réponds par des citations exactes des articles de la rédaction, avec leur source. "
        "Si les articles ne le disent pas, je vous le dis."
    ),
    short_description="Vos questions, les mots exacts de nos articles, leur source.",
    add_usage=(
        "Envoyez un fichier ({kinds}), répondez /add à un texte ou à un fichier, ou écrivez :\n"
        "<code>/add Le titre\nle texte de l’article…</code>\n<code>/add https://…</code>"
    ),
    add_text_missing="Voilà le titre ; écrivez aussi le texte, à la ligne : <code>/add Le titre\nle texte…</code>",
    file_too_large=(
        "Ce fichier fait plus de 20 Mo, ce que Telegram ne donne pas aux robots. Utilisez <code>kibaru "
        "add</code>."
    ),
    file_not_read="Illisible : je ne lis pas ce genre de fichier. Je lis : {kinds}.",
    file_empty="Illisible : ce fichier est vide.",
    file_not_given="Telegram ne donne pas ce fichier : renvoyez-le.",
    preview=(
        "<b>{title}</b>\nLangue : {language} · {characters:caractère|caractères} · "
        "{passages:passage|passages}{facts}\n{change}"
    ),
    preview_new="Nouvel article.",
    preview_update="Remplace « {title} » (<code>{id}</code>).",
    preview_same_title="Nouvel article, mais un autre porte ce titre : <code>{id}</code>.",
    preview_unchanged="Déjà publié, sans changement : « {title} » (<code>{id}</code>).",
    preview_many=(
        "<b>{count:article|articles}</b> : {new:nouveau|nouveaux}, {updates} mis à jour, "
        "{unchanged:inchangé|inchangés}."
    ),
    preview_failures="Illisible : {failures}",
    publish_button="Publier",
    draft_gone_toast="Cet aperçu n’attend plus : c’est fait, ou renvoyez l’article.",
    cancel_button="Annuler",
    nothing_to_publish="Rien à publier.",
    published=(
        "Publié : {added:nouveau|nouveaux}, {updated} mis à jour, {unchanged:inchangé|inchangés}. Les questions y "
        "trouvent "
        "déjà réponse."
    ),
    publish_failed="Pas publié : {why}",
    cancelled="Annulé, rien n’a changé.",
    articles="{total:article|articles}, page {page} sur {pages}",
    articles_none="Aucun article.",
    articles_search=" pour « {term} »",
    article_detail=(
        "{source}\nAuteur : {author} · Langue : {language} · "
        "{characters:caractère|caractères}\n<code>{id}</code>\n\n{beginning}"
    ),
    remove_button="Retirer",
    remove_sure="Retirer « {title} » ? Plus aucune réponse ne le citera.",
    remove_yes_button="Oui, retirer",
    removed="Retiré : « {title} ».",
    undo_button="Remettre",
    restored="Remis : « {title} ».",
    back_button="‹ Retour",
    rebuild_started="Je refais l’index. L’ancien répond en attendant.",
    rebuild_running="L’index est déjà en train d’être refait.",
    rebuild_progress="Je refais l’index : {percent} %. L’ancien répond en attendant.",
    rebuild_done=(
        "C’est fait : génération {generation}, {articles:article|articles}, {passages:passage|passages}, "
        "dont {embedded:recalculé|recalculés}, en {seconds} s."
    ),
    synced="Des sources : {sources}",
    synced_source="{title} : {counts}",
    synced_added="{count:nouveau|nouveaux}",
    synced_updated="{count} mis à jour",
    synced_gone="{count:disparu|disparus} du site",
    synced_problem="non relevé ({why})",
    failed="Cela n’a pas marché : {why}",
    status=(
        "<b>Archive</b> : {articles:article|articles}{dates}, {passages:passage|passages}, {megabytes} "
        "Mo\n<b>Langues</b> : "
        "{languages}\n"
        "<b>Index</b> : génération {generation}{built}, {model}\n<b>Santé</b> : {health}\n"
        "<b>Questions</b> : {questions:gardée|gardées}, {refused} sans réponse, {queue} en attente\n"
        "<b>Depuis {started}</b> : {answered:réponse|réponses}, {refusals} refus, {shed:renvoi|renvois} à plus tard\n"
        "<b>Sources relevées</b> : {synced}\n<b>Dernière erreur</b> : {error}"
    ),
    unanswered="<b>Questions sans réponse ou jugées inutiles</b>",
    unanswered_none="Aucune question sans réponse. Bravo !",
    unanswered_line="{count} × {question}",
    csv_button="Tout en CSV",
    csv_caption="{count:question|questions}",
)  # fmt: skip
