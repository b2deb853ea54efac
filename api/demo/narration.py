"""What the demonstration says between the messages."""

from __future__ import annotations

from typing import Final

from classifier.taxonomy import Translated

__all__ = ["TEXTS"]

TEXTS: Final = {
    "title": Translated("Recupera: una demostración", "Recupera: uma demonstração", "Recupera: a demonstration"),
    "intro": Translated(
        "Ocho mensajes de clientes entran en el servicio de verdad. De cada uno verá qué se entiende, el caso que se "
        "abre y el plan para arreglarlo; al final, los avisos firmados que recibieron los demás sistemas. Todo ocurre "
        "en una carpeta temporal de esta máquina.",
        "Oito mensagens de clientes entram no serviço de verdade. De cada uma você verá o que se entende, o caso que "
        "se abre e o plano para resolvê-lo; no fim, os avisos assinados que os outros sistemas receberam. Tudo "
        "acontece em uma pasta temporária desta máquina.",
        "Eight messages of customers go into the real service. For each you see what is understood, the case that is "
        "opened and the plan to put it right; at the end, the signed events that other systems received. All of it "
        "happens in a temporary folder on this machine.",
    ),
    "starting": Translated("Arrancando el servicio…", "Iniciando o serviço…", "Starting the service…"),
    "ready": Translated(
        "Listo en {url} tras {seconds} s. Un receptor escucha en {receiver}.",
        "Pronto em {url} após {seconds} s. Um receptor escuta em {receiver}.",
        "Ready at {url} after {seconds} s. A receiver listens at {receiver}.",
    ),
    "praise": Translated(
        "No es una queja: no se abre ningún caso.",
        "Não é uma reclamação: nenhum caso é aberto.",
        "No complaint: no case is opened.",
    ),
    "closing": Translated(
        "Una persona da el primer paso del caso …{case} y lo cierra: cliente recuperado.",
        "Uma pessoa dá o primeiro passo do caso …{case} e o encerra: cliente recuperado.",
        "A person does the first step of case …{case} and closes it: the customer is recovered.",
    ),
    "deliveries": Translated(
        "Lo que recibió el otro sistema", "O que o outro sistema recebeu", "What the other system received"
    ),
    "event": Translated("Aviso", "Aviso", "Event"),
    "count": Translated("Veces", "Vezes", "Times"),
    "verified": Translated(
        "{count} entregas, todas con firma verificada por la biblioteca oficial standardwebhooks.",
        "{count} entregas, todas com assinatura verificada pela biblioteca oficial standardwebhooks.",
        "{count} deliveries, every signature verified by the official standardwebhooks library.",
    ),
    "unverified": Translated(
        "{count} entregas no se pudieron verificar.",
        "{count} entregas não puderam ser verificadas.",
        "{count} deliveries could not be verified.",
    ),
    "missing": Translated(
        "{count} entregas no llegaron a tiempo.",
        "{count} entregas não chegaram a tempo.",
        "{count} deliveries did not arrive in time.",
    ),
    "forged": Translated(
        "Una entrega alterada en el camino fue rechazada, como debe ser.",
        "Uma entrega alterada no caminho foi recusada, como deve ser.",
        "A delivery altered on its way was refused, as it should be.",
    ),
    "accepted_forgery": Translated(
        "¡Una entrega alterada fue aceptada!", "Uma entrega alterada foi aceita!", "An altered delivery was accepted!"
    ),
    "end": Translated(
        "Hecho en {seconds} s. El servicio se detuvo y la carpeta temporal se borró. Para quedárselo: recupera serve",
        "Feito em {seconds} s. O serviço parou e a pasta temporária foi apagada. Para ficar com ele: recupera serve",
        "Done in {seconds} s. The service has stopped and the temporary folder is gone. To keep one: recupera serve",
    ),
}
