// Runs the npm package telegram-test-api on a port: node telegram_test_api.js PORT
// It answers some calls with less than the Bot API promises; what python-telegram-bot cannot do without is put in here,
// and nothing else.
'use strict';
const TelegramServer = require('telegram-test-api');
const { routes } = require('telegram-test-api/lib/routes');

const me = { id: 666, is_bot: true, first_name: 'Kibaru', username: 'TestNameBot' }; // is_bot is missing in getMe

routes.unshift((app) => {
  app.all('/bot:token/getMe', (_request, response) => response.json({ ok: true, result: me }));
  app.all('/bot:token/getUpdates', (_request, _response, next) => setTimeout(next, 50)); // it never waits for updates
  for (const method of ['editMessageText', 'editMessageReplyMarkup', 'answerCallbackQuery']) {
    app.all(`/bot:token/${method}`, (_request, response, next) => {
      const json = response.json.bind(response);
      response.json = (body) => json({ ...body, result: body.result ?? true }); // null, where the Bot API has true
      next();
    });
  }
});

const addBotMessage = TelegramServer.prototype.addBotMessage;
TelegramServer.prototype.addBotMessage = function asMessage(...given) {
  const { message_id, date, chat, text, reply_markup } = addBotMessage.apply(this, given); // with all that was asked for
  return { message_id, date: Math.floor(date / 1000), chat, text, reply_markup }; // a date in milliseconds
};

const formatUpdate = TelegramServer.formatUpdate;
TelegramServer.formatUpdate = (update) => {
  const formatted = formatUpdate(update);
  if (formatted.callback_query) formatted.callback_query.chat_instance = '1'; // required in the Bot API
  return formatted;
};

const server = new TelegramServer({ port: Number(process.argv[2]), host: '127.0.0.1', storeTimeout: 600 });
server.start().then(() => console.log('ready'));
