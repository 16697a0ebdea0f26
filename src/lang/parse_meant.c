/* What was meant: misspelt words, and words of other languages. */
#include <string.h>

#include "lang/parse.h"

/* The words that begin a statement, and how the ones are written that are no words elsewhere. */
static const struct {
    const char *word;
    enum token_type type;
    const char *form; /* NULL for the reserved ones */
    bool opens;       /* a block stands below it */
} words[] = {
    {"if", TOKEN_IF, NULL, true},
    {"elif", TOKEN_ELIF, NULL, true},
    {"else", TOKEN_ELSE, NULL, true},
    {"while", TOKEN_WHILE, NULL, true},
    {"for", TOKEN_FOR, NULL, true},
    {"with", TOKEN_WITH, NULL, true},
    {"try", TOKEN_TRY, NULL, true},
    {"except", TOKEN_EXCEPT, NULL, true},
    {"finally", TOKEN_FINALLY, NULL, true},
    {"def", TOKEN_DEF, NULL, true},
    {"raise", TOKEN_RAISE, NULL, false},
    {"return", TOKEN_RETURN, NULL, false},
    {"assert", TOKEN_ASSERT, NULL, false},
    {"thread", TOKEN_NAME, "`thread NAME:`", true},
    {"main", TOKEN_NAME, "`main:`, without brackets", true},
    {"after", TOKEN_NAME, "`after:` and a block below it", true},
    {"repeat", TOKEN_NAME, "`repeat 3:`; a loop for ever is `while True:`", true},
    {"atomic", TOKEN_NAME, "`atomic:` and a block below it", true},
    {"expect", TOKEN_NAME, "`expect ok`, or what shall be found: `expect race, deadlock`", false},
    {"option", TOKEN_NAME, "`option NAME VALUE`", false},
    {"invariant", TOKEN_NAME, "`invariant x >= 0, \"text\"`, on one line", false},
    {"sometimes", TOKEN_NAME, "`sometimes x == 3, \"text\"`, on one line", false},
};

enum { WORDS = sizeof words / sizeof *words };

/* Words of other languages, and what they are here. */
static const struct {
    const char *from, *to;
} others[] = {
    {"elsif", "elif"},   {"elseif", "elif"}, {"catch", "except"},
    {"function", "def"}, {"func", "def"},    {"fn", "def"},
    {"foreach", "for"},  {"throw", "raise"}, {"threads", "thread"},
};

/* The word that this name is or was meant to be; -1 for none. */
static int meant_word(const char *name)
{
    struct nearest nearest = {.wanted = name};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(others[i].from, name) == 0)
            nearest.best = others[i].to;
    for (int i = 0; i < WORDS && !nearest.best; i++)
        if (strcmp(words[i].word, name) == 0)
            return i;
    for (int i = 0; i < WORDS && (!nearest.best || nearest.distance > 0); i++)
        nearest_offer(&nearest, words[i].word);
    for (int i = 0; i < WORDS && nearest.best; i++)
        if (strcmp(words[i].word, nearest.best) == 0)
            return i;
    return -1;
}

static const struct token *last_of_line(const struct parser *parser)
{
    uint32_t at = parser->at;
    while (parser->tokens[at].type != TOKEN_END && parser->tokens[at + 1].type != TOKEN_NEWLINE)
        at++;
    return &parser->tokens[at];
}

static bool is_operator(enum token_type type)
{
    return type >= TOKEN_PLUS && type <= TOKEN_GREATER_EQUAL;
}

bool parse_lacks_colon(const struct parser *parser)
{
    return parse_peek_at(parser, 1)->type == TOKEN_NEWLINE &&
           parse_peek_at(parser, 2)->type == TOKEN_INDENT;
}

/* `int x = 0`, `var x = 0`: names are made by assigning to them. */
static bool declared(struct parser *parser)
{
    const struct token *first = peek(parser), *second = parse_peek_at(parser, 1);
    if (first->type != TOKEN_NAME || second->type != TOKEN_NAME ||
        parse_peek_at(parser, 2)->type != TOKEN_ASSIGN)
        return false;
    for (int i = 0; i < WORDS; i++)
        if (strcmp(words[i].word, first->text) == 0)
            return false;
    diagnostic_error(parser->diagnostics, first->span, "names are not declared here");
    diagnostic_help(parser->diagnostics, "write `%s = …`", second->text);
    parse_next(parser);
    return true;
}

/* `daemon thread A:` */
static bool daemon_first(struct parser *parser)
{
    const struct token *second = parse_peek_at(parser, 1);
    if (!parse_at_word(parser, "daemon") || second->type != TOKEN_NAME ||
        strcmp(second->text, "thread") != 0)
        return false;
    diagnostic_error(parser->diagnostics, peek(parser)->span,
                     "`daemon` stands behind `thread`: `thread daemon NAME:`");
    parse_next(parser);
    return true;
}

void parse_respell(struct parser *parser)
{
    struct token *token = &parser->tokens[parser->at];
    enum token_type second = parse_peek_at(parser, 1)->type;
    if (parser->failed || token->type != TOKEN_NAME || declared(parser) || daemon_first(parser))
        return;
    if (last_of_line(parser)->type != TOKEN_COLON || is_operator(second) || second == TOKEN_DOT ||
        second == TOKEN_COMMA)
        return;
    int meant = meant_word(token->text);
    if (meant < 0 || !words[meant].opens || strcmp(words[meant].word, token->text) == 0)
        return;
    diagnostic_error(parser->diagnostics, token->span, "`%s` starts no statement", token->text);
    diagnostic_help(parser->diagnostics, "did you mean `%s`?", words[meant].word);
    token->type = words[meant].type;
    token->text = words[meant].word;
}

/* The message for words that are nearly, but not quite, what another language has. */
static bool known_habit(struct parser *parser, const struct expr *expr)
{
    if (strcmp(expr->text, "match") == 0)
        return parse_error(parser, expr->span, "there is no `match` here: `if` and `elif` do it");
    if (strcmp(expr->text, "print") == 0)
        return parse_error(parser, expr->span, "print is called with brackets: `print(…)`");
    return false;
}

static bool wrong_form(struct parser *parser, const struct expr *name, int word)
{
    parse_error(parser, name->span, "`%s` has no place here", name->text);
    if (words[word].form)
        diagnostic_help(parser->diagnostics, "write %s", words[word].form);
    return true;
}

bool parse_misspelt(struct parser *parser, const struct expr *expr)
{
    const struct expr *name = expr->shape == EXPR_CALL ? expr->left : expr;
    enum token_type next = peek(parser)->type;
    if (name->shape != EXPR_NAME || parser->failed || is_operator(next) || next == TOKEN_COMMA)
        return false;
    int meant = meant_word(name->text);
    bool itself = meant >= 0 && strcmp(words[meant].word, name->text) == 0;
    if (expr->shape == EXPR_CALL) /* main(): */
        return itself && next == TOKEN_COLON && wrong_form(parser, name, meant);
    bool annotated = next == TOKEN_COLON && parse_peek_at(parser, 1)->type != TOKEN_NEWLINE;
    if (next == TOKEN_NEWLINE || next == TOKEN_END || next == TOKEN_ERROR)
        return false;
    if (itself)
        return wrong_form(parser, name, meant);
    if (known_habit(parser, name))
        return true;
    if (annotated)
        return false;
    parse_error(parser, name->span, "`%s` starts no statement", name->text);
    if (meant >= 0)
        diagnostic_help(parser->diagnostics, "did you mean `%s`?", words[meant].word);
    return true;
}
