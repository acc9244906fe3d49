"""The truth of the hand-made pages: what their writers meant to be read. All names are invented."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Story:
    """`body` holds blocks as Kibaru stores them: paragraphs, `## ` headings, `- ` list items."""

    title: str
    author: str
    published: str
    body: tuple[str, ...]
    language: str = "fr"
    time: str = "09:30:00+00:00"

    @property
    def text(self) -> str:
        return "\n\n".join(self.body)


def _story(title: str, author: str, published: str, body: str, language: str = "fr") -> Story:
    return Story(title, author, published, tuple(block.strip() for block in body.strip().split("\n\n")), language)


STORIES = (
    _story(
        "Sikasso : la route de Zégoua rouverte après trois semaines de coupure",
        "Mariam Sangho-Keïta",
        "2025-09-04",
        """
La route nationale qui relie Sikasso à Zégoua a été rouverte mercredi aux véhicules légers, a annoncé la direction régionale des routes. Les camions de plus de dix tonnes devront attendre le 15 septembre.

Le pont de Loutana avait été emporté dans la nuit du 13 au 14 août par une crue du Kobafini. Depuis, les commerçants passaient par Kadiolo, un détour de 86 kilomètres.

« Nous avons perdu un mois de recettes », soupire Bintou Traoré-Diallo, qui vend des oignons au marché de Zégoua. « Les tomates, on les a jetées. »

## Un pont provisoire de 42 mètres

Le génie militaire a posé un pont métallique provisoire. Sa portée est de 42 mètres et sa charge limitée à neuf tonnes par essieu.

Coût de l'opération : 310 millions de francs CFA, pris sur le fonds d'entretien routier.

Un ouvrage définitif, en béton, doit être livré avant l'hivernage de 2027. L'appel d'offres sera lancé en janvier, selon le directeur régional, Oumar Dembélé-Koita.

Les transporteurs, eux, demandent un bac à Loutana en attendant. La préfecture a promis une réponse « avant la fin du mois ».
""",
    ),
    _story(
        "Coton : les producteurs de Houndé obtiennent 15 francs de plus par kilo",
        "Issouf Kaboré-Sanou",
        "2025-10-18",
        """
Le prix du coton graine de premier choix passera de 310 à 325 francs CFA le kilo pour la campagne 2025-2026, ont décidé vendredi les producteurs et les égreneurs réunis à Houndé.

C'est moins que les 340 francs réclamés par l'union des producteurs, mais la première hausse depuis trois ans.

## Ce qui change

- Le premier choix est payé 325 francs, le second 300 francs.

- Les engrais restent subventionnés à hauteur de 12 000 francs le sac.

- Les paiements se feront sous 21 jours, contre 45 auparavant.

« Le délai compte autant que le prix », explique Salif Nignan-Bado, producteur à Boni. L'an dernier, il avait attendu l'argent de sa récolte jusqu'en mars.

La production est attendue à 412 000 tonnes, en hausse de 8 %. Les pluies, mal réparties en juin, ont repris à temps.

Les égreneurs préviennent toutefois que le cours mondial, tombé à 66 cents la livre, ne permettra pas une nouvelle hausse l'an prochain.
""",
    ),
    _story(
        "Ziguinchor se dote d'un centre de dialyse",
        "Ndèye Coumba Sonko-Badji",
        "2025-07-22",
        """
Douze générateurs, deux salles, une équipe de neuf infirmiers : le premier centre public de dialyse de la Casamance a accueilli ses patients lundi à l'hôpital de Kandé.

Jusqu'ici, il fallait aller à Dakar ou à Banjul, trois fois par semaine pour certains.

Ousmane Diédhiou-Manga, 54 ans, instituteur à Bignona, a vendu ses deux parcelles pour payer le transport et le logement. « Je dormais chez un cousin à Pikine. Maintenant je rentre chez moi le soir », dit-il.

La séance coûte 10 000 francs ; elle est gratuite pour les titulaires de la carte d'égalité des chances. Le ministère estime à 180 le nombre de malades de la région qui en ont besoin.

Reste la question de l'eau. Chaque séance en consomme 120 litres, d'une pureté que le réseau de la ville ne garantit pas. Une station de traitement a été installée derrière le bâtiment.

Le docteur Aminata Goudiaby-Tall, néphrologue, espère former deux autres médecins d'ici à 2027. Elle est pour l'instant seule.
""",
    ),
    _story(
        "Niamey : le prix du sac de riz recule, celui de l'huile flambe",
        "Harouna Moussa-Zakou",
        "2025-11-03",
        """
Le sac de riz de 50 kilos se vendait samedi 23 500 francs CFA au marché de Katako, contre 27 000 francs en septembre. L'arrivée de 40 000 tonnes de riz importé par Cotonou a détendu le marché.

L'huile, elle, ne cesse de monter : 1 450 francs le litre, soit 300 francs de plus qu'il y a deux mois.

« On achète par petits sachets », raconte Rabi Issaka-Garba, mère de six enfants, dans le quartier de Boukoki. Elle a réduit la friture et vend moins de beignets.

Selon l'office des statistiques, l'inflation a été de 3,1 % sur un an en octobre. Les transports y comptent pour un tiers.

Le ministère du commerce a fixé lundi un prix plafond de 1 300 francs le litre d'huile. Les grossistes jugent la mesure intenable.

« À ce prix, je vends à perte », assure l'un d'eux, qui requiert l'anonymat. Il dit attendre un bateau pour le 20 novembre.
""",
    ),
    _story(
        "Basket : les Panthères de Kara privées de finale par un panier au buzzer",
        "Kodjo Adjavon-Tchalla",
        "2025-05-12",
        """
Deux dixièmes de seconde. C'est ce qui restait au chronomètre quand Afi Lawson-Ekué a lâché son tir à sept mètres, dimanche, au palais des sports de Lomé. Le ballon est entré, et l'Étoile de la Lagune s'est imposée 71-70.

Les Panthères de Kara menaient pourtant de onze points à la pause. Elles ont manqué six lancers francs dans le dernier quart-temps.

« C'est cruel, mais nous avions le match en main », a reconnu leur entraîneur, Essowè Bataba-Lare.

Meilleure marqueuse de la rencontre avec 28 points, Afi Lawson-Ekué, 19 ans, est attendue en juin dans un club de Dakar.

L'Étoile de la Lagune jouera la finale samedi 17 mai contre les Amazones d'Abomey, tenantes du titre. Le match sera diffusé à partir de 16 heures.
""",
    ),
    _story(
        "Orpaillage : à Siguiri, les villageois ferment eux-mêmes les puits",
        "Fodé Camara-Bangoura",
        "2025-03-29",
        """
Quatorze puits rebouchés en une semaine, à la pelle et à la main. Dans la sous-préfecture de Doko, ce sont les habitants qui ont décidé de mettre fin à l'exploitation de l'or en bordure de leur forage.

L'eau avait pris, en février, une couleur de rouille. Le poste de santé a compté 63 malades en dix jours.

## « L'or passe, l'eau reste »

La décision a été prise sous le fromager du village, après deux nuits de palabre. Les chefs de site, les jeunes et les femmes du groupement maraîcher y ont pris part.

« L'or passe, l'eau reste », résume Nakani Keïta-Doumbouya, présidente du groupement. Elle cultive un demi-hectare de gombo à cent pas des fosses.

## Des dédommagements incertains

Les propriétaires des puits réclament 2 millions de francs guinéens chacun. La commune n'en a pas les moyens.

Une mission du ministère des mines est arrivée jeudi. Elle doit rendre son rapport le 15 avril et dire si le site peut rouvrir plus loin, au-delà de la piste de Kintinian.
""",
    ),
    _story(
        "Abidjan : les bacs de la lagune passent au paiement par téléphone",
        "Akissi Brou-N'Guetta",
        "2025-06-16",
        """
Plus de file au guichet : depuis ce matin, les passagers des bacs peuvent payer leur traversée avec leur téléphone, dans onze gares lagunaires d'Abidjan.

Le prix ne change pas. Il reste de 150 francs CFA entre Treichville et le Plateau, de 200 francs jusqu'à Abobo-Doumé.

La société des transports lagunaires dit avoir perdu l'an dernier 480 millions de francs en pièces fausses ou manquantes. « On rend la monnaie quand on en a », admet une guichetière.

Les passagers sans téléphone pourront encore acheter des tickets, mais dans quatre gares seulement. L'association des usagers proteste. Elle rappelle qu'un passager sur cinq est âgé de plus de 60 ans.

Un numéro gratuit, le 1355, est ouvert de 6 heures à 20 heures.
""",
    ),
    _story(
        "Bénin : le lac Nokoué étouffe sous la jacinthe d'eau",
        "Sètondji Houéto-Gbaguidi",
        "2025-08-27",
        """
Vu du ciel, c'est une prairie. Vu de la pirogue, c'est un mur. La jacinthe d'eau couvre un tiers du lac Nokoué, et les pêcheurs de Ganvié mettent deux heures à franchir ce qui en prenait une demie.

La plante prospère avec la baisse de la salinité, de juillet à novembre. Cette année, la crue de l'Ouémé a été précoce.

À Sô-Ava, une coopérative de femmes la récolte pour en faire du compost et des paniers. « On en retire trois tonnes par jour, il en pousse trente », calcule sa présidente, Pélagie Zinsou-Kakpo.

Le ministère du cadre de vie a loué deux bateaux faucardeurs. Ils doivent dégager d'abord les chenaux de l'hôpital et de l'école.

Les biologistes proposent d'introduire un charançon qui ne mange que cette plante. Il a été lâché en 1991 sur l'Ouémé, avec succès, avant que l'entretien ne s'arrête, faute de crédits.

Une réunion est prévue le 9 septembre à Cotonou.
""",
    ),
    _story(
        "Nouakchott's fishing families fear the new port will cut them off",
        "Salma Ould-Berrou",
        "2025-04-08",
        """
For forty years the painted boats have been pushed into the surf south of the capital. By December a breakwater 900 metres long will stand in their way.

The ministry of fisheries says the new harbour will create 3,400 jobs and let refrigerated ships berth in any weather. The families on the beach say nobody asked them.

"My sons know waves, not cranes," said Mint Ahmed Vall, who dries mullet on racks behind the dunes.

## Compensation by the metre

Each boat owner has been offered 90,000 ouguiyas for every metre of hull. About 600 of them have signed, according to the regional council; some 250 have refused.

Work began in March with the dredging of two million cubic metres of sand. Engineers expect the shoreline to retreat by up to seven metres a year to the south.

A hearing is set for 22 April. The fishermen's union has asked for a corridor of 200 metres to be kept open through the works.
""",
        "en",
    ),
    _story(
        "Bissau: falta de combustível paralisa os barcos para as ilhas",
        "Domingas Sanhá-Correia",
        "2025-02-14",
        """
Há nove dias que nenhum barco de passageiros sai do porto de Bissau para Bubaque e Bolama. Falta gasóleo, e o pouco que chega é reservado ao hospital e às ambulâncias.

Mais de 400 pessoas esperam na cidade, algumas a dormir no cais. "Vim enterrar o meu tio e já não consigo voltar", conta Quinta Nhaga-Mané.

O governo atribui a escassez a um atraso do navio petroleiro, retido em Dacar por uma avaria. O descarregamento está previsto para domingo.

Nas ilhas, o saco de arroz passou de 17 000 para 24 000 francos CFA. O comité de Bubaque pediu à marinha que transporte os doentes.

A oposição exige explicações no parlamento. O ministro da energia será ouvido na quarta-feira.
""",
        "pt",
    ),
    _story(
        "نواذيبو: افتتاح مدرسة لتكوين البحارة الشباب",
        "محمد ولد السالك",
        "2025-10-06",
        """
افتتحت في مدينة نواذيبو يوم الاثنين مدرسة لتكوين البحارة الشباب، وتستقبل في عامها الأول مائة وعشرين متدربا من الولايات الساحلية.

وقال مدير المدرسة إن التكوين يدوم ثمانية عشر شهرا، يقضي المتدرب ستة منها على متن سفن الصيد.

وتبلغ كلفة المشروع أربعة ملايين يورو، بتمويل من صندوق التنمية ومن اتحاد أرباب السفن.

وأكدت إحدى المتدربات أنها أول فتاة من قريتها تركب البحر، وأنها تريد أن تصبح قبطانا.

ومن المقرر أن تفتح المدرسة فرعا لها في روصو في شهر مارس المقبل لتكوين صيادي النهر.
""",
        "ar",
    ),
    _story(
        "Tambacounda : un train de voyageurs, le premier depuis sept ans",
        "Cheikh Mbacké Ndoye-Sarr",
        "2025-12-01",
        """
Il est 6 h 12 quand la motrice siffle. Sur le quai de Tambacounda, on applaudit. Deux cent dix voyageurs montent dans le premier train pour Dakar depuis mai 2018.

Le trajet dure neuf heures et demie, pour 462 kilomètres. Le billet coûte 5 500 francs en seconde, 8 000 francs en première.

« Par la route, c'est 10 000 francs et la peur », dit Khady Sidibé-Fall, commerçante, deux sacs de mil aux pieds.

Un aller-retour est assuré trois fois par semaine, le lundi, le mercredi et le vendredi. Le fret, lui, circule depuis septembre.

## Encore 38 passages à niveau sans barrière

La société nationale des chemins de fer a recensé 38 passages à niveau sans gardien. Elle recrute 114 agents.

L'État a mis 64 milliards de francs dans la voie. Il en faudrait autant pour aller jusqu'à Kidira, à la frontière malienne.

Prochaine étape : un train de nuit, promis pour avril.
""",
    ),
    _story(
        "Élections locales : à Dosso, dépouillement à la lampe et forte participation",
        "Zeinabou Amadou-Djermakoye",
        "2025-11-24",
        """
20 h 45. Le dépouillement est terminé dans 61 des 94 bureaux de Dosso. La participation provisoire est de 68 %, selon la commission départementale.

19 h 10. Coupure de courant au centre de vote de l'école Sabongari. Les assesseurs comptent les bulletins à la lampe, devant une trentaine d'habitants.

18 h 00. Fermeture des bureaux. Ceux qui étaient dans la file avant l'heure pourront voter, précise le président de la commission, Seyni Hama-Oumarou.

15 h 30. Un électeur arrêté à Tessa avec quatre cartes à des noms différents. Le parquet a ouvert une enquête.

11 h 20. « Je vote pour une pompe, pas pour un parti », dit Fati Boubacar-Kimba, 71 ans, venue à pied de Koygolo.

07 h 00. Ouverture des 94 bureaux de vote, avec une heure de retard pour six d'entre eux, faute d'encre.
""",
    ),
    _story(
        "Le tô, plat du pauvre devenu plat de chef",
        "Rasmata Ilboudo-Nacro",
        "2025-01-19",
        """
Une pâte de mil, une sauce d'oseille, un peu de beurre de karité. À Ouagadougou, le tô s'est invité à la carte de trois grands restaurants.

Noëlle Zongo-Bassolé, 33 ans, l'a servi en décembre à la table d'un sommet de chefs d'État. Elle le cuit quarante minutes, en deux fois, et le laisse reposer.

« Ma grand-mère disait : un tô pressé est un tô raté », sourit-elle.

## Pour six personnes

- 500 grammes de farine de petit mil

- deux litres d'eau

- le jus d'un demi-citron ou d'une poignée de tamarin

Délayez un tiers de la farine dans l'eau froide acidulée, puis versez le tout dans l'eau bouillante. Remuez pendant un quart d'heure.

Ajoutez le reste de la farine par poignées. La pâte doit se détacher de la marmite.

On le mange de la main droite, chaud, et jamais seul.
""",
    ),
)
