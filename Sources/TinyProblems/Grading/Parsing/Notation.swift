/// Tables of notation: which commands, letters and words mean the same.
enum Notation {
    /// Commands that only change the layout; ignored.
    static let ignored: Set<String> = [
        "left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "displaystyle",
        "textstyle", "limits", "nolimits", "mathstrut", "phantom", "angle", "triangle", "therefore", "quad", "qquad",
        "hfill", "centering", "boldmath", "middle", "strut", "rm", "bf", "it", "sf", "tt", "boxed", "fbox", "Huge",
        "huge",
        "LARGE", "Large", "large", "normalsize", "small", "footnotesize", "scriptsize", "tiny", "scriptstyle",
        "scriptscriptstyle", "bfseries", "itshape", "normalfont", "ensuremath", "nonumber", "notag", "thinspace",
        "medspace", "thickspace", "negthinspace",
        "enspace", "underline", "uline", "underbar", "because", "space", "smash",
    ]

    /// Commands that are ignored together with their first argument, such as a colour.
    static let ignoredWithArgument: Set<String> = [
        "color", "textcolor", "colorbox", "phantom", "hphantom", "vphantom", "hspace", "vspace", "tag", "label", "kern",
        "fontsize",
    ]

    /// Commands whose argument is words.
    static let textual: Set<String> = [
        "text", "mbox", "textbf", "textit", "textrm", "textnormal", "textsf", "texttt", "hbox", "emph", "textup",
        "textmd",
        "textsc",
    ]

    /// Commands whose argument is set in other type, which changes nothing.
    static let typefaces: Set<String> = [
        "mathrm", "mathbf", "mathit", "mathsf", "mathtt", "boldsymbol", "bm", "operatorname", "mathnormal", "vec",
        "overrightarrow", "widehat", "hat", "operatorname*", "mathop", "mathord", "mathrel",
        "mathbin", "mathopen", "mathclose", "mathinner", "mathcal", "mathscr", "mathfrak", "pmb", "mathbfit",
    ]

    /// Environments that only lay out lines.
    static let layouts: Set<String> = [
        "cases", "align", "align*", "aligned", "gather", "gather*", "gathered", "split", "equation", "equation*",
        "center",
        "dcases", "flushleft",
    ]

    /// Commands that this grammar does not support.
    static let unsupported: Set<String> = [
        "sum", "prod", "int", "iint", "oint", "lim", "partial", "nabla", "dots", "ldots", "cdots", "vdots", "ddots",
        "to", "rightarrow", "iff", "mapsto", "forall", "exists", "subset", "subseteq",
        "nmid", "perp", "parallel", "sim", "cong", "propto", "overline", "bar",
        "cancel", "bcancel", "xcancel", "sout", "stackrel", "underbrace", "overbrace", "dot", "ddot", "wedge", "vee",
        "neg", "oplus", "otimes",
        "bigcup", "bigcap", "substack", "not", "longrightarrow", "leftrightarrow", "Leftrightarrow", "circ", "bigcirc",
        "star", "prime",
    ]

    static let symbols: [String: AnswerToken.Kind] = [
        "cdot": .symbol(.times), "times": .symbol(.times), "ast": .symbol(.times), "div": .symbol(.divide),
        "pm": .symbol(.plusMinus), "mp": .symbol(.minusPlus), "bmod": .symbol(.modulo), "mod": .symbol(.modulo),
        "cup": .symbol(.union), "cap": .symbol(.intersection), "setminus": .symbol(.difference),
        "smallsetminus": .symbol(.difference), "backslash": .symbol(.difference), "mid": .symbol(.suchThat),
        "notin": .symbol(.notElement), "R": .name("mathbb R"), "Reals": .name("mathbb R"), "reals": .name("mathbb R"),
        "in": .symbol(.element), "infty": .symbol(.infinity), "infinity": .symbol(.infinity),
        "emptyset": .symbol(.emptySet), "varnothing": .symbol(.emptySet), "colon": .symbol(.colon),
        "ratio": .symbol(.colon), "degree": .symbol(.degree), "lvert": .symbol(.bar), "rvert": .symbol(.bar),
        "vert": .symbol(.bar), "lfloor": .open(.floor), "rfloor": .close(.floor), "lceil": .open(.ceiling),
        "rceil": .close(.ceiling), "langle": .open(.round), "rangle": .close(.round), "lbrace": .open(.curly),
        "rbrace": .close(.curly), "lparen": .open(.round),
        "rparen": .close(.round), "lbrack": .open(.square), "rbrack": .close(.square), "frac": .construct(.fraction),
        "dfrac": .construct(.fraction), "sfrac": .construct(.fraction),
        "nicefrac": .construct(.fraction), "tfrac": .construct(.fraction), "cfrac": .construct(.fraction),
        "over": .infix(.fraction), "choose": .infix(.binomial), "atop": .infix(.binomial),
        "implies": .symbol(.implies), "Rightarrow": .symbol(.implies), "Longrightarrow": .symbol(.implies),
        "sqrt": .construct(.root), "binom": .construct(.binomial), "dbinom": .construct(.binomial),
        "tbinom": .construct(.binomial), "land": .symbol(.and), "lor": .symbol(.or), "eq": .relation(.equal),
        "equiv": .relation(.equal), "approx": .relation(.approximately), "simeq": .relation(.approximately),
        "ne": .relation(.notEqual), "neq": .relation(.notEqual), "lt": .relation(.less), "gt": .relation(.greater),
        "le": .relation(.lessOrEqual), "leq": .relation(.lessOrEqual), "leqslant": .relation(.lessOrEqual),
        "leqq": .relation(.lessOrEqual), "ge": .relation(.greaterOrEqual), "geq": .relation(.greaterOrEqual),
        "geqslant": .relation(.greaterOrEqual), "geqq": .relation(.greaterOrEqual),
    ]

    /// Commands that spell a letter in another way.
    static let letterForms: [String: String] = [
        "varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "varrho": "rho", "ell": "l", "imath": "i",
        "jmath": "j",
    ]

    /// Words of two letters that are no product of variables.
    static let fillers: Set<String> = [
        "of", "to", "it", "is", "at", "on", "an", "as", "by", "we", "he", "so", "if", "us",
    ]

    /// Words that stand for a symbol in plain text.
    static let words: [String: AnswerToken.Kind] = [
        "and": .symbol(.and), "or": .symbol(.or), "det": .name("det"), "pi": .name("pi"), "inf": .symbol(.infinity),
        "infinity": .symbol(.infinity), "infty": .symbol(.infinity), "oo": .symbol(.infinity), "mod": .symbol(.modulo),
        "percent": .symbol(.percent), "percentage": .symbol(.percent), "pct": .symbol(.percent),
        "theta": .name("theta"), "alpha": .name("alpha"), "beta": .name("beta"), "gamma": .name("gamma"),
        "lambda": .name("lambda"), "omega": .name("omega"), "sigma": .name("sigma"), "phi": .name("phi"),
        "tau": .name("tau"),
    ]

    /// Two characters that are one sign.
    static let pairs: [String: AnswerToken.Kind] = [
        "**": .symbol(.power), "!=": .relation(.notEqual), "==": .relation(.equal), "<=": .relation(.lessOrEqual),
        ">=": .relation(.greaterOrEqual),
    ]

    /// Single characters.
    static let characters: [Unicode.Scalar: AnswerToken.Kind] = [
        "+": .symbol(.plus), "-": .symbol(.minus), "*": .symbol(.times), "/": .symbol(.divide), "^": .symbol(.power),
        "_": .symbol(.lower), "!": .symbol(.factorial), "'": .symbol(.prime), "%": .symbol(.percent),
        "&": .symbol(.ampersand), ":": .symbol(.colon), "|": .symbol(.bar), ",": .symbol(.comma),
        ";": .symbol(.semicolon), "(": .open(.round), ")": .close(.round), "[": .open(.square), "]": .close(.square),
        "{": .open(.group), "}": .close(.group), "=": .relation(.equal), "<": .relation(.less),
        ">": .relation(.greater), "×": .symbol(.times), "·": .symbol(.times), "⋅": .symbol(.times),
        "∙": .symbol(.times), "∗": .symbol(.times), "÷": .symbol(.divide), "∕": .symbol(.divide), "⁄": .symbol(.divide),
        "−": .symbol(.minus), "–": .symbol(.minus), "±": .symbol(.plusMinus), "∓": .symbol(.minusPlus),
        "∞": .symbol(.infinity), "∅": .symbol(.emptySet), "∪": .symbol(.union), "∩": .symbol(.intersection),
        "∖": .symbol(.difference), "∣": .symbol(.suchThat),
        "∉": .symbol(.notElement), "∈": .symbol(.element),
        "°": .symbol(.degree), "º": .symbol(.degree), "％": .symbol(.percent), "′": .symbol(.prime),
        "’": .symbol(.prime), "：": .symbol(.colon), "∶": .symbol(.colon), "，": .symbol(.comma), "、": .symbol(.comma),
        "；": .symbol(.semicolon), "≤": .relation(.lessOrEqual), "≥": .relation(.greaterOrEqual),
        "⩽": .relation(.lessOrEqual), "⩾": .relation(.greaterOrEqual), "≠": .relation(.notEqual),
        "≡": .relation(.equal),
        "≈": .relation(.approximately), "＝": .relation(.equal), "＜": .relation(.less), "＞": .relation(.greater),
        "√": .construct(.root), "⇒": .symbol(.implies), "⟹": .symbol(.implies), "（": .open(.round), "）": .close(.round),
        "⌊": .open(.floor), "⌋": .close(.floor),
        "⟨": .open(.round), "⟩": .close(.round), "⌈": .open(.ceiling), "⌉": .close(.ceiling), "ℝ": .name("mathbb R"),
        "π": .name("pi"), "α": .name("alpha"),
        "β": .name("beta"), "γ": .name("gamma"), "δ": .name("delta"), "θ": .name("theta"), "λ": .name("lambda"),
        "μ": .name("mu"), "ρ": .name("rho"), "σ": .name("sigma"), "τ": .name("tau"), "φ": .name("phi"),
        "ω": .name("omega"), "ε": .name("epsilon"),
    ]

    static let subscripts: [Unicode.Scalar: String] = [
        "₀": "0", "₁": "1", "₂": "2", "₃": "3", "₄": "4", "₅": "5", "₆": "6", "₇": "7", "₈": "8", "₉": "9",
    ]

    static let superscripts: [Unicode.Scalar: String] = [
        "⁰": "0", "¹": "1", "²": "2", "³": "3", "⁴": "4", "⁵": "5", "⁶": "6", "⁷": "7", "⁸": "8", "⁹": "9",
    ]

    static let vulgarFractions: [Unicode.Scalar: (Int, Int)] = [
        "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅙": (1, 6), "⅛": (1, 8),
        "⅖": (2, 5), "⅗": (3, 5),
        "⅘": (4, 5), "⅚": (5, 6), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
    ]

    static let currencies: Set<Unicode.Scalar> = ["€", "£", "¥", "₹", "₩", "₽", "₪", "฿", "¢", "$"]

    /// Prefixes of library calls, as in `np.arcsin(1)`.
    static let libraries: Set<String> = ["np", "numpy", "math", "sympy", "sp", "cmath"]

    /// Numbers as words.
    static let numbers: [String: Int] = [
        "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
        "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
        "seventeen": 17,
        "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
        "seventy": 70,
        "eighty": 80, "ninety": 90, "hundred": 100,
    ]
}
