// SPDX-License-Identifier: MIT
// cron: when does "*/15 6-20 * * 1-5" come next? C++20 with the calendar of <chrono>; all times are UTC.
#include "wasmote.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <vector>

using namespace std::chrono;
using namespace std::string_literals;

namespace {

struct field {
    std::string_view name;
    unsigned least, most;
};

constexpr std::array<field, 5> FIELDS{
    {{"minute", 0, 59}, {"hour", 0, 23}, {"day", 1, 31}, {"month", 1, 12}, {"weekday", 0, 7}}};
enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY };

// A schedule: of each field, the set of values that it names, as bits.
class schedule {
  public:
    // Reads the five fields of `expression`, or says in `wrong` what is wrong with them.
    static std::optional<schedule> parse(std::string_view expression, std::string &wrong);

    bool on(sys_days day) const;

    // The first moment after `then`; nothing if there is none within eight years, as of February 30.
    std::optional<sys_time<minutes>> next(sys_time<minutes> then) const;

  private:
    bool has(int field, unsigned value) const { return bits[field] >> value & 1; }

    std::array<std::uint64_t, 5> bits{};
    bool any_day = false, any_weekday = false;
};

// The number that `text` is, within the field's range.
std::optional<unsigned> number(std::string_view text, const field &of) {
    unsigned value;
    auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size() || value < of.least || value > of.most) {
        return {};
    }
    return value;
}

// Takes what comes before `separator` off `text`.
std::string_view take(std::string_view &text, char separator) {
    std::size_t at = std::min(text.find(separator), text.size());
    std::string_view taken = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return taken;
}

// The bits of one item: `*`, `5`, `1-5`, each with an optional step `/15`.
std::optional<std::uint64_t> item_bits(std::string_view item, const field &of) {
    bool stepped = item.find('/') != item.npos;
    std::string_view range = take(item, '/'), last = range;
    std::string_view first = take(last, '-');
    std::optional<unsigned> from = of.least, to = of.most, step = 1;
    if (first != "*") {
        from = number(first, of);
        to = last.empty() ? (stepped ? to : from) : number(last, of);
    }
    if (stepped) {
        step = number(item, {"step", 1, of.most});
    }
    if (!from || !to || !step || *from > *to) {
        return {};
    }
    std::uint64_t bits = 0;
    for (unsigned value = *from; value <= *to; value += *step) {
        bits |= std::uint64_t(1) << value;
    }
    return bits;
}

std::optional<schedule> schedule::parse(std::string_view expression, std::string &wrong) {
    schedule made;
    for (const field &of : FIELDS) {
        expression.remove_prefix(std::min(expression.find_first_not_of(' '), expression.size()));
        std::string_view text = take(expression, ' ');
        if (text.empty()) {
            wrong =
                "the field \""s + std::string(of.name) + "\" is missing: there are five, minute hour day month weekday";
            return {};
        }
        std::size_t index = &of - FIELDS.data();
        (index == DAY ? made.any_day : made.any_weekday) |= (index == DAY || index == WEEKDAY) && text.front() == '*';
        while (!text.empty()) {
            std::string_view item = take(text, ',');
            auto bits = item_bits(item, of);
            if (!bits) {
                wrong = "\""s + std::string(item) + "\" is no " + std::string(of.name) + ": give " +
                        std::to_string(of.least) + " to " + std::to_string(of.most) +
                        ", a range such as 1-5, *, or */2";
                return {};
            }
            made.bits[index] |= *bits;
        }
    }
    made.bits[WEEKDAY] |= made.bits[WEEKDAY] >> 7; // Sunday is 0 and 7
    return made;
}

// As in every cron: where both day and weekday are given, either will do.
bool schedule::on(sys_days day) const {
    year_month_day date = day;
    bool by_day = has(DAY, unsigned(date.day())), by_weekday = has(WEEKDAY, weekday(day).c_encoding());
    return has(MONTH, unsigned(date.month())) && (any_day || any_weekday ? by_day && by_weekday : by_day || by_weekday);
}

std::optional<sys_time<minutes>> schedule::next(sys_time<minutes> then) const {
    sys_days today = floor<days>(then);
    for (sys_days day = today; day < today + days(8 * 366); day += days(1)) {
        if (!on(day)) {
            continue;
        }
        for (std::uint64_t left = bits[HOUR]; left; left &= left - 1) {
            sys_time<minutes> hour = day + hours(std::countr_zero(left));
            for (std::uint64_t late = bits[MINUTE]; late; late &= late - 1) {
                sys_time<minutes> at = hour + minutes(std::countr_zero(late));
                if (at > then) {
                    return at;
                }
            }
        }
    }
    return {};
}

// "2026-11-28T22:15"
std::string written(sys_time<minutes> at) {
    sys_days day = floor<days>(at);
    year_month_day date = day;
    auto time = (at - day).count();
    auto two = [](unsigned value) { return std::string{char('0' + value / 10 % 10), char('0' + value % 10)}; };
    return std::to_string(int(date.year())) + "-" + two(unsigned(date.month())) + "-" + two(unsigned(date.day())) +
           "T" + two(time / 60) + ":" + two(time % 60);
}

std::optional<sys_time<minutes>> read_time(std::string_view text) {
    auto year = number(take(text, '-'), {"year", 1970, 2100}), month = number(take(text, '-'), FIELDS[MONTH]);
    auto day = number(take(text, 'T'), FIELDS[DAY]), hour = number(take(text, ':'), FIELDS[HOUR]);
    auto minute = number(take(text, ':'), FIELDS[MINUTE]);
    if (!year || !month || !day || !hour || !minute) {
        return {};
    }
    year_month_day date{std::chrono::year(*year), std::chrono::month(*month), std::chrono::day(*day)};
    if (!date.ok()) {
        return {};
    }
    return sys_days(date) + hours(*hour) + minutes(*minute);
}

wasmote::answer cron_next(const wasmote::arguments &given) {
    std::string wrong;
    auto when = schedule::parse(given.text("expression").value_or(""), wrong);
    if (!when) {
        return wasmote::answer::error(wrong);
    }
    sys_time<minutes> then;
    if (auto after = given.text("after")) {
        auto read = read_time(*after);
        if (!read) {
            return wasmote::answer::error("\"after\" is no time such as 2026-11-28T22:15");
        }
        then = *read;
    } else {
        then = floor<minutes>(sys_seconds(seconds(wasmote::unix_time())));
    }
    std::string answer;
    for (int left = std::min(given.integer("count").value_or(1), 20); left > 0; left--) {
        auto at = when->next(then);
        if (!at) {
            return answer.empty() ? "never within eight years"s : answer;
        }
        answer += (answer.empty() ? "" : "\n") + written(*at);
        then = *at;
    }
    return answer;
}

wasmote::answer cron_matches(const wasmote::arguments &given) {
    std::string wrong;
    auto when = schedule::parse(given.text("expression").value_or(""), wrong);
    auto at = read_time(given.text("at").value_or(""));
    if (!when || !at) {
        return wasmote::answer::error(when ? "\"at\" is no time such as 2026-11-28T22:15"s : wrong);
    }
    return when->next(*at - minutes(1)) == at ? "yes"s : "no"s;
}

#define STRING(name) "\"" name "\":{\"type\":\"string\"}"

constexpr std::array<wasmote::tool, 2> tools{{
    {
        .name = "cron_next",
        .title = "Next times of a cron schedule",
        .description = "The next times (UTC) of a cron expression: after \"after\", or from now on.",
        .schema = "{\"type\":\"object\",\"properties\":{" STRING("expression") "," STRING(
            "after") ",\"count\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":20}},\"required\":[\"expression\"]}",
        .call = cron_next,
    },
    {
        .name = "cron_matches",
        .title = {},
        .description = "Whether a cron expression names the minute \"at\".",
        .schema = "{\"type\":\"object\",\"properties\":{" STRING("expression") "," STRING(
            "at") "},\"required\":[\"expression\",\"at\"]}",
        .call = cron_matches,
    },
}};

} // namespace

const wasmote::server wasmote::this_server{"cron", "1.0.0", tools};
