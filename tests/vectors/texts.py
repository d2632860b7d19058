"""Texts of many kinds: what people write, and what breaks a protocol that counts in letters."""

# ruff: noqa: RUF001  letters that look like Latin ones are what these texts are for

from typing import Final

# A family, which is seven code points and one picture.
_FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
_FAMILY_WITH_TONES = "\u200d".join(
    ("\U0001f468\U0001f3fb", "\U0001f469\U0001f3fc", "\U0001f467\U0001f3fd", "\U0001f466\U0001f3fe")
)
_WALES = "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"

SCRIPTS: Final = {
    "English": "The washing machine is done. ",
    "French": "Où es-tu ? Ça va être prêt à l'été. ",
    "German": "Schöne Grüße aus der Küche, heißer Öfen wegen! ",
    "Turkish": "Çamaşır makinesi bitti, ışığı söndür. ",
    "Vietnamese": "Máy giặt đã xong, hãy lấy quần áo ra. ",
    "Polish": "Zażółć gęślą jaźń. ",
    "Greek": "Το πλυντήριο τελείωσε. ",
    "Russian": "Стирка закончена, вынь бельё. ",
    "Ukrainian": "Прання закінчено, їжа готова. ",
    "Arabic": "انتهت الغسالة من العمل. ",
    "Arabic with vowels": "اِنْتَهَتِ الغَسَّالَةُ مِنَ العَمَلِ ",
    "Persian": "ماشین لباس‌شویی تمام شد. ",
    "Urdu": "واشنگ مشین نے کام ختم کر دیا۔ ",
    "Hebrew": "מכונת הכביסה סיימה. ",
    "Hebrew with points": "מְכוֹנַת הַכְּבִיסָה סִיְּמָה ",
    "Yiddish": "די וואַשמאַשין איז פֿאַרטיק. ",
    "Hindi": "कपड़े धोने की मशीन का काम पूरा हुआ। क्षत्रिय ज्ञान ",
    "Bengali": "কাপড় ধোয়ার মেশিনের কাজ শেষ। ক্ষুদ্র ",
    "Tamil": "சலவை இயந்திரம் முடிந்தது. ",
    "Malayalam": "അലക്കുയന്ത്രം പ്രവർത്തനം പൂർത്തിയാക്കി ",
    "Sinhala": "ශ්‍රී ලංකාව රෙදි සෝදන යන්ත්‍රය ",
    "Thai": "เครื่องซักผ้าทำงานเสร็จแล้วน้ำท่วม",
    "Lao": "ເຄື່ອງຊັກຜ້າສຳເລັດແລ້ວ",
    "Burmese": "အဝတ်လျှော်စက် ပြီးပါပြီ။ ",
    "Khmer": "ម៉ាស៊ីនបោកគក់បានចប់ហើយ ",
    "Tibetan": "བོད་སྐད་ཀྱི་ཡི་གེ་འདི་ཡིན། ",
    "Chinese": "洗衣机已经洗完了，请把衣服拿出来。",
    "Rare Chinese": "\U00020000\U00020001\U0002a6d6",
    "Japanese": "洗濯機が終わりました。ガギグゲゴ。",
    "Japanese taken apart": "\u30ab\u3099\u30ad\u3099\u30cf\u309a\u30b1\u3099\u30b3\u3099",
    "Half-width Japanese": "ｾﾝﾀｸｷｶﾞｵﾜﾘﾏｼﾀﾞ ",
    "Korean": "세탁기가 끝났습니다. ",
    "Korean taken apart": "\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165 ",
    "Amharic": "የልብስ ማጠቢያ ማሽኑ ጨርሷል። ",
    "Georgian": "სარეცხი მანქანა დამთავრდა. ",
    "Armenian": "Լվացքի մեքենան ավարտեց։ ",
    "Cherokee": "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ ",
    "Old Norse runes": "ᚠᚢᚦᚨᚱᚲ ",
}
"""Writing of the world, a sentence or a few words each."""

PICTURES: Final = {
    "an emoji": "\N{DOOR}",
    "an emoji with a skin tone": "\U0001f44d\U0001f3fd",
    "a heart drawn in colour": "\u2764\ufe0f",
    "a keycap": "3\ufe0f\u20e3",
    "a flag": "\U0001f1e9\U0001f1ea",
    "three flags": "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7\U0001f1ee\U0001f1f9",
    "a flag of tags": _WALES,
    "a family": _FAMILY,
    "a family with skin tones": _FAMILY_WITH_TONES,
    "a rainbow flag": "\U0001f3f3\ufe0f\u200d\U0001f308",
    "a person who farms": "\U0001f9d1\U0001f3ff\u200d\U0001f33e",
    "words and pictures": "Ring! \N{BELL} Who is there? " + _FAMILY + " Open \N{DOOR}\ufe0f now. ",
}
"""Emoji, each one picture."""

ODDITIES: Final = {
    "accents taken apart": "e\u0301a\u0308o\u0302n\u0303 ",
    "two accents on a letter": "a\u0302\u0301 e\u0302\u0323 ",
    "marks piled up": "Z\u0351\u036b\u0343\u0369\u0316a\u0321\u0360l\u0315g\u0340o\u0358 ",
    "right to left within left to right": "Ada \u2067עדה\u2069 and \u202bعدا\u202c came. ",
    "line ends of all kinds": "one\ntwo\r\nthree\rfour\u2028five ",
    "tabs and wide blanks": "a\tb\u00a0c\u3000d\u200be ",
    "signs that belong to a number": "\u0600\u0661\u0662 ",
    "mathematics": "\U0001d400\U0001d401 ∑∞≠≤ ",
    "music": "\U0001d11e\U0001d15e ",
    "a NUL": "a\x00b ",
    "half a surrogate pair": "a\ud83db\ude00 ",
    "only blanks": "   \n ",
    "nothing": "",
}
"""What texts contain besides letters."""

LENGTHS: Final = {
    f"{size} bytes of {name}": letter * (size // len(letter.encode()))
    for size in (220, 221, 222, 440, 4000)
    for name, letter in (
        ("one each", "x"),
        ("two each", "é"),
        ("three each", "家"),
        ("four each", "\N{DOOR}"),
    )
} | {
    f"{size} bytes, then a {name}": "x" * size + picture
    for size in (219, 220, 221)
    for name, picture in (("family", _FAMILY), ("flag", "\U0001f1e9\U0001f1ea"), ("é", "e\u0301"))
}
"""Texts that end around 221 bytes, the limit of an alert with an icon and a title of one letter:
protocol-control.md section 14.1."""

TEXTS: Final = (
    {name: text * 20 for name, text in (SCRIPTS | PICTURES | ODDITIES).items()}
    | {f"a little: {name}": text for name, text in (SCRIPTS | PICTURES | ODDITIES).items()}
    | LENGTHS
)
