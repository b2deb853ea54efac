"""Messages for a console with something to see: composed for it, nobody sent them.

``{…}`` are filled from ``FILLINGS``, so that one pattern gives several messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["FILLINGS", "FOLLOWING", "PATTERNS"]

FILLINGS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "es": {
        "cosa": ("la cafetera", "la mochila", "la lámpara", "la silla", "la impresora"),
        "dias": ("cuatro", "seis", "nueve", "doce", "quince"),
        "importe": ("$ 24.900", "89,90 €", "$1,250", "S/ 180", "$ 63.000"),
        "pedido": ("40817", "51266", "73390", "88254", "90123"),
        "lugar": ("Oruro", "Cuenca", "Mendoza", "Toledo", "Mérida"),
        "hora": ("las ocho", "las diez", "el mediodía", "las cuatro", "las seis"),
    },
    "pt": {
        "cosa": ("a cafeteira", "a mochila", "a luminária", "a cadeira", "a impressora"),
        "dias": ("quatro", "seis", "nove", "doze", "quinze"),
        "importe": ("R$ 249,00", "R$ 89,90", "R$ 1.250,00", "39,90 €", "R$ 630,00"),
        "pedido": ("40817", "51266", "73390", "88254", "90123"),
        "lugar": ("Olinda", "Bagé", "Setúbal", "Ilhéus", "Sobral"),
        "hora": ("oito", "dez", "meio-dia", "quatro", "seis"),
    },
}
"""What may stand in each place, by language."""

PATTERNS: Final[Mapping[str, tuple[str, ...]]] = {
    "es": (
        "El pedido {pedido} iba a llegar hace {dias} días y sigue en camino. ¿Dónde está?",
        "Abrí la caja y {cosa} venía rota. Pagué {importe} y quiero una nueva o mi dinero.",
        "Esperé desde {hora} y el repartidor dejó el paquete con un vecino que no conozco. Avisen antes.",
        "Me cobraron {importe} dos veces por el mismo pedido {pedido}. Devuélvanme uno de los cargos.",
        "En la factura aparece un seguro de {importe} que jamás contraté. Quítenlo y devuelvan lo cobrado.",
        "Pagué en {lugar}, la compra se anuló y el reembolso de {importe} no aparece desde hace {dias} días.",
        "Llamé tres veces y cada agente me cuenta otra cosa. Nadie se hace cargo y yo sigo sin {cosa}.",
        "La señorita del chat me cortó a media frase. Qué manera de tratar a un cliente de diez años.",
        "Cuarenta minutos de música en el teléfono para que al final se cayera la llamada. Una burla.",
        "Pedí hablar con un responsable y me dijeron que no hay. Me sentí como un número.",
        "Devolví {cosa} hace {dias} días, me confirmaron que la recibieron y del reembolso, ni noticia.",
        "La garantía dice dos años y a los siete meses me responden que «es desgaste normal». Cumplan lo que firmaron.",
        "Quiero darme de baja y la página manda a un formulario que no se puede enviar. ¿Así retienen a la gente?",
        "La app se cierra cada vez que quiero ver el recibo. Estaría bien que lo arreglaran.",
        "El buscador de la web mezcla tallas de niño y de adulto. Sugiero un filtro aparte.",
        "En el anuncio decía envío gratis a {lugar} y en la caja aparecieron {importe} más. Respeten la oferta.",
        "Cuidado con la oferta del fin de semana: el precio rebajado es más alto que el de antes. Que nadie caiga.",
        "El enchufe de {cosa} soltó chispas y quemó la mesa, con mi hijo de cinco años al lado. Retírenla.",
        "Nos dejaron sin agua {dias} días y en casa hay una bebé de dos meses. Nadie contesta.",
        "Alguien sacó un préstamo a mi nombre desde su sistema. Ya puse la denuncia. Bloqueen todo hoy mismo.",
        "El técnico vino a {lugar}, miró {cosa} y no volvió. Van {dias} días. Si no viene, los denuncio.",
        "Segunda reparación y {cosa} falla igual. Devuélvanme los {importe}, ya no quiero más arreglos.",
        "La habitación olía a humedad y la ducha no tenía agua caliente. Por ese precio, una decepción.",
        "La tienda de {lugar} estaba sucia y las cajas cerradas. Compré igual, pero no dan ganas de volver.",
        "El guardia me siguió por toda la tienda como si fuera a robar. Humillante. Quiero una disculpa.",
        "Buenas, ¿hasta qué hora abre la tienda de {lugar} los sábados?",
        "Gracias a Rocío, de la tienda de {lugar}: encontró mi cartera y me llamó enseguida.",
        "Llegó todo en dos días y bien embalado. Así da gusto.",
        "¿Puedo cambiar la dirección del pedido {pedido}? Me equivoqué yo al escribirla.",
        "Muy buena atención por el chat, me lo resolvieron en cinco minutos.",
        "Mi teléfono es el 612 345 678 y escribo por cuarta vez por el pedido {pedido}. ¿Es que no leen?",
        "Son unos inútiles. Tres correos y nada de mis {importe}. Si mañana no los tengo, voy a consumo.",
    ),
    "pt": (
        "O pedido {pedido} devia ter chegado há {dias} dias e continua parado. Onde está?",
        "Abri a caixa e {cosa} veio quebrada. Paguei {importe} e quero outra ou meu dinheiro de volta.",
        "Fiquei em casa desde as {hora} e o entregador marcou «ausente» sem tocar a campainha. Venham entregar.",
        "Cobraram {importe} duas vezes no mesmo pedido {pedido}. Quero o estorno de uma delas.",
        "Apareceu na fatura um seguro de {importe} que nunca pedi. Cancelem e devolvam.",
        "Paguei o boleto em {lugar} e o sistema diz que estou devendo. Já são {dias} dias assim.",
        "Liguei três vezes e cada atendente diz uma coisa. Ninguém assume e eu sem {cosa}.",
        "O rapaz do chat encerrou a conversa no meio da minha pergunta. Que falta de respeito.",
        "Uma hora ouvindo musiquinha para a ligação cair. Isso é descaso.",
        "Pedi para falar com um supervisor e riram. Nunca fui tão mal tratada numa loja.",
        "Devolvi {cosa} há {dias} dias, confirmaram o recebimento e nada do reembolso de {importe}.",
        "A garantia é de um ano e aos oito meses dizem que «é mau uso». Cumpram o que está escrito.",
        "Quero cancelar e o site só manda falar com um robô que não entende. Deixem a gente sair.",
        "O aplicativo fecha toda vez que abro o extrato. Podiam corrigir na próxima versão.",
        "Sugiro que o site mostre o prazo antes do pagamento, e não depois. Ajudaria muita gente.",
        "O anúncio prometia frete grátis para {lugar} e no final cobraram {importe}. Respeitem a oferta.",
        "Cuidado, gente: o desconto do fim de semana é só no cartaz, no caixa o preço é outro.",
        "A tomada de {cosa} soltou faísca e queimou o tapete. Meu filho de quatro anos estava do lado. Recolham.",
        "Estamos sem luz há {dias} dias e minha mãe usa aparelho para respirar. Ninguém dá prazo!",
        "Fizeram um empréstimo no meu nome pelo aplicativo. Já registrei boletim de ocorrência. Bloqueiem tudo.",
        "O técnico foi até {lugar}, olhou {cosa} e sumiu. Já são {dias} dias. Se não vier, vou ao Procon.",
        "Segunda vez que consertam e {cosa} continua com defeito. Quero os {importe} de volta.",
        "O quarto cheirava a mofo e o ar não funcionava. Pelo preço, uma decepção.",
        "A loja de {lugar} estava imunda e só um caixa aberto. Comprei, mas fiquei sem vontade de voltar.",
        "A segurança revistou minha bolsa na frente de todos, sem motivo. Humilhante. Exijo desculpas.",
        "Boa tarde, a loja de {lugar} abre no feriado?",
        "Queria agradecer ao Davi, da loja de {lugar}, que achou meu celular e guardou até eu voltar.",
        "Chegou antes do prazo e muito bem embalado. Parabéns à equipe.",
        "Posso trocar o endereço do pedido {pedido}? Digitei errado.",
        "Atendimento nota dez no chat, resolveram em cinco minutos.",
        "Meu CPF é 529.982.247-25 e já mandei três vezes. Quantas vezes mais para achar o pedido {pedido}?",
        "Bando de incompetentes. Três e-mails e nada dos meus {importe}. Amanhã estou no Procon.",
    ),
}
"""Messages by language."""

FOLLOWING: Final[Mapping[str, tuple[str, ...]]] = {
    "es": (
        "Otra vez yo. Prometieron arreglarlo y sigue igual. Ya es la segunda vez que me fallan.",
        "Escribo de nuevo: me mandaron la pieza equivocada. ¿Cuántas veces más?",
        "Pasó una semana desde que dijeron «mañana». Empiezo a pensar que se ríen de mí.",
    ),
    "pt": (
        "Sou eu de novo. Prometeram resolver e continua igual. Já é a segunda vez.",
        "Escrevo outra vez: mandaram a peça errada. Até quando?",
        "Faz uma semana que disseram «amanhã». Estou começando a achar que é brincadeira.",
    ),
}
"""What a customer writes whose case was not put right."""
